// The client for all products of the newest Go SDK walks flow.json: main HOST:PORT bootstrap.json flow.json DIGEST
//
// (Of the typed modules of that age, the module proxy serves only STS.)
package main

import (
	"encoding/json"
	"errors"

	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	tcerrors "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/errors"
	tchttp "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/http"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"
	sts "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/sts/v20180813"
	"roadstead.test/sdk/walk"
)

var versions = map[string]string{"tcr": "2019-09-24", "cam": "2019-01-16", "sts": sts.APIVersion}

type client struct {
	all *common.Client
	sts *sts.Client
}

func connect(endpoint string, key [3]string, sign, method string) walk.Caller {
	credential := common.NewTokenCredential(key[0], key[1], key[2])
	p := profile.NewClientProfile()
	p.SignMethod, p.Language = sign, "zh-CN"
	p.HttpProfile.Scheme, p.HttpProfile.Endpoint, p.HttpProfile.ReqMethod = "HTTP", endpoint, method
	typed, err := sts.NewClient(credential, "", p)
	if err != nil {
		panic(err)
	}
	return client{common.NewCommonClient(credential, "", p), typed}
}

func (c client) Call(service, action string, params []byte) ([]byte, error) {
	answer, err := c.send(service, action, params)
	var failure *tcerrors.TencentCloudSDKError
	if errors.As(err, &failure) {
		return nil, &walk.Failure{Code: failure.Code, Message: failure.Message, RequestID: failure.RequestId}
	}
	return answer, err
}

func (c client) send(service, action string, params []byte) ([]byte, error) {
	switch action {
	case "AssumeRole":
		request := sts.NewAssumeRoleRequest()
		if err := json.Unmarshal(params, request); err != nil {
			return nil, err
		}
		response, err := c.sts.AssumeRole(request)
		if err != nil {
			return nil, err
		}
		return json.Marshal(response)
	case "GetCallerIdentity":
		response, err := c.sts.GetCallerIdentity(sts.NewGetCallerIdentityRequest())
		if err != nil {
			return nil, err
		}
		return json.Marshal(response)
	}
	request := tchttp.NewCommonRequest(service, versions[service], action)
	if err := request.SetActionParameters(params); err != nil {
		return nil, err
	}
	response := tchttp.NewCommonResponse()
	if err := c.all.Send(request, response); err != nil {
		return nil, err
	}
	return response.GetBody(), nil
}

// (This client puts the parameters into a JSON body and nowhere else.)
func main() { walk.Main(connect, walk.AllForms[:1]) }
