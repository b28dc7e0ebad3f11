// The typed clients of the Go SDK walk flow.json: main HOST:PORT bootstrap.json flow.json DIGEST
//
// A field whose type is not that of the SDK's structure fails to decode, so this is also a test of all types.
package main

import (
	"encoding/json"
	"fmt"
	"reflect"

	cam "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/cam/v20190116"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/errors"
	tchttp "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/http"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"
	sts "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/sts/v20180813"
	tcr "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tcr/v20190924"
	"roadstead.test/sdk/walk"
)

var versions = map[string]string{"tcr": tcr.APIVersion, "cam": cam.APIVersion, "sts": sts.APIVersion}

type clients map[string]reflect.Value

func connect(endpoint string, key [3]string, sign, method string) walk.Caller {
	credential := common.NewTokenCredential(key[0], key[1], key[2])
	p := profile.NewClientProfile()
	p.SignMethod, p.Language = sign, "en-US"
	p.HttpProfile.Scheme, p.HttpProfile.Endpoint, p.HttpProfile.ReqMethod = "HTTP", endpoint, method
	made := clients{}
	if client, err := tcr.NewClient(credential, "ap-guangzhou", p); err == nil {
		made["tcr"] = reflect.ValueOf(client)
	}
	if client, err := cam.NewClient(credential, "ap-guangzhou", p); err == nil {
		made["cam"] = reflect.ValueOf(client)
	}
	if client, err := sts.NewClient(credential, "ap-guangzhou", p); err == nil {
		made["sts"] = reflect.ValueOf(client)
	}
	return made
}

// Call finds the method of that name, fills its request from JSON and gives the answer as JSON again.
func (c clients) Call(service, action string, params []byte) ([]byte, error) {
	method := c[service].MethodByName(action)
	if !method.IsValid() {
		return nil, walk.ErrUnknown
	}
	request := reflect.New(method.Type().In(0).Elem())
	base := &tchttp.BaseRequest{}
	base.Init().WithApiInfo(service, versions[service], action)
	request.Elem().FieldByName("BaseRequest").Set(reflect.ValueOf(base))
	if err := json.Unmarshal(params, request.Interface()); err != nil {
		return nil, fmt.Errorf("the parameters do not fit the SDK: %w", err)
	}
	out := method.Call([]reflect.Value{request})
	if err, _ := out[1].Interface().(error); err != nil {
		if failure, ok := err.(*errors.TencentCloudSDKError); ok {
			return nil, &walk.Failure{Code: failure.Code, Message: failure.Message, RequestID: failure.RequestId}
		}
		return nil, err
	}
	return json.Marshal(out[0].Interface())
}

func main() { walk.Main(connect, walk.AllForms) }
