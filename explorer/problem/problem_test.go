package problem

import (
	"errors"
	"fmt"
	"testing"
)

func TestCodesHaveNamesOfTheirOwn(t *testing.T) {
	codes := []Code{
		Internal, KubeconfigInvalid, ContextUnknown, CredentialPlugin, Untrusted, DaemonVersion,
		Unreachable, Unauthorized, Forbidden, CertificateUntrusted, KindUnknown, NotFound, Rejected, Overloaded,
		InvalidQuery, Gone,
	}
	names := map[string]Code{}
	for _, code := range codes {
		if other, taken := names[code.Name()]; taken {
			t.Errorf("%d and %d are both called %q", code, other, code.Name())
		}
		names[code.Name()] = code
	}
}

func TestErrorTellsItsCauseOnce(t *testing.T) {
	cause := errors.New("connection refused")
	for _, test := range []struct {
		err  *Error
		want string
	}{
		{&Error{Message: "no answer"}, "no answer"},
		{&Error{Message: "no answer", Err: cause}, "no answer: connection refused"},
		{&Error{Message: "no answer (connection refused)", Err: cause}, "no answer (connection refused)"},
	} {
		if got := test.err.Error(); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

func TestOfFindsTheProblemInAnError(t *testing.T) {
	p := &Error{Code: NotFound, Message: "no such pod"}
	if got := Of(fmt.Errorf("showing it: %w", p)); got != p {
		t.Errorf("got %+v", got)
	}
	cause := errors.New("out of luck")
	if got := Of(cause); got.Code != Internal || !errors.Is(got, cause) {
		t.Errorf("got %+v", got)
	}
	if got := Of(nil); got != nil {
		t.Errorf("nil became %+v", got)
	}
}

func TestDetailIsWhatCrossesTheWire(t *testing.T) {
	p := &Error{
		Code: Unreachable, Message: "no answer", Tried: "GET /version",
		Suggestions: []string{"start the cluster"}, Err: errors.New("connection refused"),
	}
	got := fmt.Sprintf("%+v", *p.Detail())
	want := "{Code:unreachable Message:no answer Cause:connection refused Tried:GET /version Suggestions:[start the cluster]}"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	var none *Error
	if none.Detail() != nil {
		t.Error("no error has a detail")
	}
}
