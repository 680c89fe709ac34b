package framing

import (
	"bytes"
	"encoding/json"
	"iter"

	"go.lsp.dev/jsonrpc2"
)

// refusal is a message that cannot be used, read past.
type refusal struct {
	id       jsonrpc2.ID // none where it cannot be read
	response bool        // it is the answer to a call, not a request
	err      error
}

func (r *refusal) Error() string { return r.err.Error() }

// refuse gives the refusal of the message that begins with start, which may be
// cut anywhere: what can be told of it is found before the cut or not at all.
func refuse(start []byte, cause error) *refusal {
	r := &refusal{err: cause}
	outcome := false
	for key, value := range members(start) {
		switch key {
		case "id":
			r.id = parseID(value)
		case "result", "error":
			outcome = true
		}
	}
	r.response = outcome && r.id.IsValid()
	return r
}

// members walks the members of the JSON object that begins with start, as far
// as it goes. The last value is nil when it is cut.
func members(start []byte) iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		in := json.NewDecoder(bytes.NewReader(start))
		if brace, err := in.Token(); err != nil || brace != json.Delim('{') {
			return
		}
		for in.More() {
			token, err := in.Token()
			key, ok := token.(string)
			if err != nil || !ok {
				return
			}
			var value json.RawMessage
			whole := in.Decode(&value) == nil
			if !yield(key, value) || !whole {
				return
			}
		}
	}
}

// parseID reads an integer or a string; anything else is no id.
func parseID(value json.RawMessage) jsonrpc2.ID {
	var number *int64
	if json.Unmarshal(value, &number) == nil && number != nil {
		return jsonrpc2.NewNumberID(*number)
	}
	var text *string
	if json.Unmarshal(value, &text) == nil && text != nil {
		return jsonrpc2.NewStringID(*text)
	}
	return jsonrpc2.ID{}
}
