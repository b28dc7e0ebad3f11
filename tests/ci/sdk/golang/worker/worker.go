// Package worker has the parts that both programs share: each line of standard input is a call, each line of standard output
// its result. (../../py/backends.py is the other end.)
package worker

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
)

// Question is a call to make.
type Question struct {
	Service, Action, Endpoint, Language string
	Params                              json.RawMessage
	// The id, the secret and the token of an access key.
	Key [3]string
	// The signature method and the method of HTTP.
	Transport [2]string
	// Whether to use the client for all products, even if there is a typed one.
	Common bool
	// Whether to send the call without a signature.
	Unsigned bool
}

// Answer is the result of a call. It has one of these four parts.
type Answer struct {
	// The content of the typed structure, and the content of `Response` as received.
	Response json.RawMessage `json:"response,omitempty"`
	Wire     json.RawMessage `json:"wire,omitempty"`

	// An error of the server.
	*Failure

	// A call that was not sent, because the client cannot make it.
	*Unfit

	// Any other error.
	Fault string `json:"fault,omitempty"`
}

// Failure is an error of the server.
type Failure struct {
	Code      string `json:"code"`
	Message   string `json:"message"`
	RequestID string `json:"requestId"`
}

func (f *Failure) Error() string { return f.Code + ": " + f.Message }

// Unfit is a call that the client cannot make.
type Unfit struct {
	Kind string `json:"unfit"`
	What string `json:"what"`
}

func (u *Unfit) Error() string { return u.Kind + ": " + u.What }

// Send makes one call. The client must use the transport, which records the answer. Send returns the typed answer as JSON, with
// its envelope.
type Send func(question Question, transport http.RoundTripper) ([]byte, error)

// Main answers calls until the end of standard input.
func Main(send Send) {
	lines := bufio.NewReader(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		if err := out.Encode(answer(send, line)); err != nil {
			panic(err)
		}
	}
}

func answer(send Send, line []byte) Answer {
	var question Question
	if err := json.Unmarshal(line, &question); err != nil {
		return Answer{Fault: err.Error()}
	}
	seen := &recorder{}
	typed, err := send(question, seen)
	var failure *Failure
	var unfit *Unfit
	switch {
	case errors.As(err, &failure):
		return Answer{Failure: failure}
	case errors.As(err, &unfit):
		return Answer{Unfit: unfit}
	case err != nil:
		return Answer{Fault: err.Error()}
	}
	return Answer{Response: inside(typed), Wire: inside(seen.body)}
}

func inside(body []byte) json.RawMessage {
	var envelope struct{ Response json.RawMessage }
	if err := json.Unmarshal(body, &envelope); err != nil {
		panic(err)
	}
	return envelope.Response
}

// recorder keeps the body of the last answer.
type recorder struct{ body []byte }

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	r.body, err = io.ReadAll(response.Body)
	response.Body = io.NopCloser(bytes.NewReader(r.body))
	return response, err
}

// Request is the interface of every request structure of the SDK.
type Request interface {
	FromJsonString(string) error
	ToJsonString() string
}

// Fill decodes the parameters into the structure. It returns an error for a parameter that the structure does not keep unchanged.
func Fill(request Request, question Question) error {
	var mistyped *json.UnmarshalTypeError
	if err := request.FromJsonString(string(question.Params)); errors.As(err, &mistyped) {
		return &Unfit{"type", question.Action + "." + mistyped.Field}
	} else if err != nil {
		// The SDK stopped at an unknown parameter and does not name it. Decode the others.
		if err := json.Unmarshal(question.Params, request); err != nil {
			return err
		}
	}
	given, held := map[string]any{}, map[string]any{}
	if err := json.Unmarshal(question.Params, &given); err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(request.ToJsonString()), &held); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		switch value := given[name]; {
		case value == nil: // null means absent.
		case reflect.DeepEqual(value, []any{}), value == "" && question.Transport != [2]string{"TC3-HMAC-SHA256", "POST"}:
			return &Unfit{"empty", question.Action + "." + name}
		case !reflect.DeepEqual(value, held[name]):
			return &Unfit{"parameter", question.Action + "." + name}
		}
	}
	return nil
}

// Method returns the client's method of that name and an empty request for it, or false if the client has no such method.
func Method(client any, action string) (call, request reflect.Value, ok bool) {
	call = reflect.ValueOf(client).MethodByName(action)
	if !call.IsValid() || call.Type().NumIn() != 1 || !strings.HasSuffix(call.Type().In(0).String(), "."+action+"Request") {
		return call, request, false
	}
	return call, reflect.New(call.Type().In(0).Elem()), true
}

// Call calls the method and returns its answer as JSON.
func Call(call, request reflect.Value) ([]byte, error) {
	out := call.Call([]reflect.Value{request})
	if err, _ := out[1].Interface().(error); err != nil {
		return nil, err
	}
	return json.Marshal(out[0].Interface())
}
