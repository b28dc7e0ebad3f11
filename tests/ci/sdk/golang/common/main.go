// Makes calls with the newest Go SDK: with its typed client of STS, and with its client for all products.
//
// (Of the typed modules of that version, the module proxy serves only STS.)
package main

import (
	"errors"
	"net/http"
	"reflect"

	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	tcerrors "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/errors"
	tchttp "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/http"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"
	sts "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/sts/v20180813"
	"roadstead.test/sdk/worker"
)

var versions = map[string]string{"tcr": "2019-09-24", "cam": "2019-01-16", "sts": sts.APIVersion}

func send(question worker.Question, transport http.RoundTripper) ([]byte, error) {
	credential := common.NewTokenCredential(question.Key[0], question.Key[1], question.Key[2])
	p := profile.NewClientProfile()
	p.SignMethod, p.Language = question.Transport[0], question.Language
	p.HttpProfile.Scheme, p.HttpProfile.Endpoint, p.HttpProfile.ReqMethod = "HTTP", question.Endpoint, question.Transport[1]
	var answer []byte
	var err error
	if question.Common {
		client := common.NewCommonClient(credential, "", p)
		client.WithHttpTransport(transport)
		answer, err = sendCommon(client, question)
	} else {
		answer, err = sendTyped(credential, p, question, transport)
	}
	var failure *tcerrors.TencentCloudSDKError
	if errors.As(err, &failure) && failure.RequestId != "" {
		return nil, &worker.Failure{Code: failure.Code, Message: failure.Message, RequestID: failure.RequestId}
	}
	return answer, err
}

func sendTyped(credential common.CredentialIface, p *profile.ClientProfile, question worker.Question, transport http.RoundTripper) ([]byte, error) {
	client, err := sts.NewClient(credential, "", p)
	if err != nil {
		return nil, err
	}
	client.WithHttpTransport(transport)
	call, request, ok := worker.Method(client, question.Action)
	if question.Service != "sts" || !ok {
		return nil, &worker.Unfit{Kind: "action", What: question.Action}
	}
	// This does what the SDK's New...Request does.
	base := &tchttp.BaseRequest{}
	base.Init().WithApiInfo(question.Service, versions[question.Service], question.Action)
	base.SetSkipSign(question.Unsigned)
	request.Elem().FieldByName("BaseRequest").Set(reflect.ValueOf(base))
	if err := worker.Fill(request.Interface().(worker.Request), question); err != nil {
		return nil, err
	}
	return worker.Call(call, request)
}

func sendCommon(client *common.Client, question worker.Question) ([]byte, error) {
	request := tchttp.NewCommonRequest(question.Service, versions[question.Service], question.Action)
	if err := request.SetActionParameters([]byte(question.Params)); err != nil {
		return nil, err
	}
	response := tchttp.NewCommonResponse()
	if err := client.Send(request, response); err != nil {
		return nil, err
	}
	return response.GetBody(), nil
}

func main() { worker.Main(send) }
