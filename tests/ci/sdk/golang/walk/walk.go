// Package walk goes through flow.json: calls in order, what they must answer, and what later calls take from them.
//
// A step is [service, action, parameters, expectation]. "$name" in parameters and expectations stands for a saved value;
// an expectation has "code" (the error that must come), "is" (values at paths of the answer) or "save". A step
// ["key", name, [id, key, token]] goes on with another access key.
package walk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Caller is one client of the SDK with one access key.
type Caller interface {
	// Call gives the JSON of the answer, with or without its envelope.
	Call(service, action string, params []byte) ([]byte, error)
}

// Connect makes a caller: an access key (id, key, token), a signature method and a request method.
type Connect func(endpoint string, key [3]string, sign, method string) Caller

// ErrUnknown is the answer of a client that has no such action.
var ErrUnknown = errors.New("the SDK has no such action")

// Failure is an error that the server answered.
type Failure struct{ Code, Message, RequestID string }

func (f *Failure) Error() string { return f.Code + ": " + f.Message }

type expectation struct {
	Code string
	Is   map[string]any
	Save map[string]string
}

type run struct {
	saved   map[string]any
	passed  int
	actions map[string]bool
	failed  []string
}

// AllForms is every signature and method that the SDK knows.
var AllForms = [][2]string{
	{"TC3-HMAC-SHA256", "POST"}, {"TC3-HMAC-SHA256", "GET"}, {"HmacSHA256", "POST"}, {"HmacSHA256", "GET"}, {"HmacSHA1", "POST"}, {"HmacSHA1", "GET"},
}

// Main is the program of a suite: HOST:PORT bootstrap.json flow.json DIGEST
func Main(connect Connect, forms [][2]string) {
	endpoint := os.Args[1]
	var owner map[string]any
	var steps [][]json.RawMessage
	read(os.Args[2], &owner)
	read(os.Args[3], &steps)
	r := run{actions: map[string]bool{}, saved: map[string]any{
		"owner": owner["uin"], "password": owner["password"], "root_id": owner["secret_id"], "root_key": owner["secret_key"],
		"digest": os.Args[4],
	}}
	root := [3]string{owner["secret_id"].(string), owner["secret_key"].(string), ""}
	for _, form := range forms {
		r.signed(connect, endpoint, root, form[0], form[1])
	}
	r.walk(connect, endpoint, root, steps)
	for _, line := range r.failed {
		fmt.Println("FAILED", line)
	}
	fmt.Printf("%d checks passed, %d failed; %d actions answered\n", r.passed, len(r.failed), len(r.actions))
	if len(r.failed) > 0 {
		os.Exit(1)
	}
}

// The same calls signed in one of the ways that the SDK knows.
func (r *run) signed(connect Connect, endpoint string, root [3]string, sign, method string) {
	list := []byte(`{"Registryids":["tcr-00000001"],"AllRegion":true,"Filters":[{"Name":"RegistryName","Values":["a b","名+/=&%~*"]}]}`)
	what := sign + " " + method
	c := connect(endpoint, root, sign, method)
	_, err := c.Call("tcr", "DescribeInstances", list)
	r.check(what+" DescribeInstances", "", err)
	_, err = c.Call("tcr", "DescribeRepositoryPersonal", []byte(`{"RepoName":"library/none"}`))
	r.check(what+" DescribeRepositoryPersonal", "ResourceNotFound.ErrNoRepo", err)
	_, err = connect(endpoint, [3]string{root[0], strings.Repeat("x", 32)}, sign, method).Call("tcr", "DescribeUserQuotaPersonal", []byte("{}"))
	r.check(what+" with a wrong key", "AuthFailure.SignatureFailure", err)
}

func (r *run) walk(connect Connect, endpoint string, key [3]string, steps [][]json.RawMessage) {
	c := connect(endpoint, key, "TC3-HMAC-SHA256", "POST")
	for _, step := range steps {
		service, action := text(step[0]), text(step[1])
		var params any
		decode(step[2], &params)
		params = r.fill(params)
		if service == "key" {
			parts := params.([]any)
			c = connect(endpoint, [3]string{fmt.Sprint(parts[0]), fmt.Sprint(parts[1]), fmt.Sprint(parts[2])}, "TC3-HMAC-SHA256", "POST")
			continue
		}
		var expected expectation
		if len(step) > 3 {
			decode(step[3], &expected)
		}
		body, _ := json.Marshal(params)
		what := fmt.Sprintf("%s %s %s", service, action, body)
		answer, err := c.Call(service, action, body)
		if errors.Is(err, ErrUnknown) {
			continue
		}
		if r.check(what, expected.Code, err) && err == nil {
			r.actions[action] = true
			r.compare(what, answer, expected)
		}
	}
}

func (r *run) check(what, code string, err error) bool {
	var failure *Failure
	switch {
	case err == nil && code == "":
	case errors.As(err, &failure) && failure.Code == code && failure.RequestID != "":
	default:
		r.failed = append(r.failed, fmt.Sprintf("%s: expected %q, got %v", what, code, err))
		return false
	}
	r.passed++
	return true
}

func (r *run) compare(what string, answer []byte, expected expectation) {
	var value any
	decode(answer, &value)
	if whole, ok := value.(map[string]any); ok && whole["Response"] != nil {
		value = whole["Response"]
	}
	if fmt.Sprint(at(value, "RequestId")) == "<nil>" {
		r.failed = append(r.failed, what+": no RequestId")
	}
	for path, want := range expected.Is {
		want = r.fill(want)
		if got := at(value, path); fmt.Sprint(got) != fmt.Sprint(want) {
			r.failed = append(r.failed, fmt.Sprintf("%s: %s is %v, not %v", what, path, got, want))
		}
	}
	for name, path := range expected.Save {
		r.saved[name] = at(value, path)
	}
}

// fill puts saved values in the place of their names.
func (r *run) fill(value any) any {
	switch value := value.(type) {
	case string:
		if name, whole := strings.CutPrefix(value, "$"); whole {
			if saved, ok := r.saved[name]; ok {
				return saved
			}
		}
		return strings.ReplaceAll(value, "$owner", fmt.Sprint(r.saved["owner"]))
	case []any:
		for i := range value {
			value[i] = r.fill(value[i])
		}
	case map[string]any:
		for key := range value {
			value[key] = r.fill(value[key])
		}
	}
	return value
}

func at(value any, path string) any {
	for _, key := range strings.Split(path, ".") {
		switch inner := value.(type) {
		case map[string]any:
			value = inner[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i >= len(inner) {
				return nil
			}
			value = inner[i]
		default:
			return nil
		}
	}
	return value
}

func text(raw json.RawMessage) (s string) { decode(raw, &s); return s }

// decode keeps numbers as they are written: an id has more digits than a float.
func decode(raw []byte, into any) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		panic(fmt.Sprintf("%v in %s", err, raw))
	}
}

func read(path string, into any) {
	raw, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	decode(raw, into)
}
