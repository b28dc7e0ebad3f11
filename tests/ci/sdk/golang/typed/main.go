// Makes calls with the typed clients of the Go SDK.
//
// A field with another type than in the SDK's structure cannot be decoded, so this also tests all types.
package main

import (
	"errors"
	"net/http"
	"reflect"

	cam "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/cam/v20190116"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	tcerrors "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/errors"
	tchttp "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/http"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"
	sts "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/sts/v20180813"
	tcr "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tcr/v20190924"
	"roadstead.test/sdk/worker"
)

var versions = map[string]string{"tcr": tcr.APIVersion, "cam": cam.APIVersion, "sts": sts.APIVersion}

func connect(question worker.Question, transport http.RoundTripper) (any, error) {
	credential := common.NewTokenCredential(question.Key[0], question.Key[1], question.Key[2])
	p := profile.NewClientProfile()
	p.SignMethod, p.Language = question.Transport[0], question.Language
	p.HttpProfile.Scheme, p.HttpProfile.Endpoint, p.HttpProfile.ReqMethod = "HTTP", question.Endpoint, question.Transport[1]
	switch question.Service {
	case "tcr":
		client, err := tcr.NewClient(credential, "ap-guangzhou", p)
		client.WithHttpTransport(transport)
		return client, err
	case "cam":
		client, err := cam.NewClient(credential, "ap-guangzhou", p)
		client.WithHttpTransport(transport)
		return client, err
	case "sts":
		client, err := sts.NewClient(credential, "ap-guangzhou", p)
		client.WithHttpTransport(transport)
		return client, err
	}
	return nil, errors.New("no such service: " + question.Service)
}

func send(question worker.Question, transport http.RoundTripper) ([]byte, error) {
	client, err := connect(question, transport)
	if err != nil {
		return nil, err
	}
	call, request, ok := worker.Method(client, question.Action)
	if !ok {
		return nil, &worker.Unfit{Kind: "action", What: question.Action}
	}
	// This does what the SDK's New...Request does.
	base := &tchttp.BaseRequest{}
	base.Init().WithApiInfo(question.Service, versions[question.Service], question.Action)
	request.Elem().FieldByName("BaseRequest").Set(reflect.ValueOf(base))
	if err := worker.Fill(request.Interface().(worker.Request), question); err != nil {
		return nil, err
	}
	answer, err := worker.Call(call, request)
	var failure *tcerrors.TencentCloudSDKError
	if errors.As(err, &failure) && failure.RequestId != "" {
		return nil, &worker.Failure{Code: failure.Code, Message: failure.Message, RequestID: failure.RequestId}
	}
	return answer, err
}

func main() { worker.Main(send) }
