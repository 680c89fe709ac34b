package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
)

// codec encodes what goes through the connection: what is JSON already as it is,
// the Language Server Protocol's types with their own encoder. Pilothouse's types
// come through encode: the protocol's encoder would print their zero values.
type codec struct{}

func (codec) Marshal(v any) ([]byte, error) {
	if raw, ok := v.(jsonrpc2.RawMessage); ok {
		return raw, nil
	}
	return protocol.Marshal(v)
}

func (codec) Unmarshal(data []byte, v any) error {
	if raw, ok := v.(*jsonrpc2.RawMessage); ok {
		*raw = bytes.Clone(data)
		return nil
	}
	return protocol.Unmarshal(data, v)
}

// encode gives v as compact JSON, with < and > as they are: cells are full of <none>.
func encode(v any) (jsonrpc2.RawMessage, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encoding %T: %w", v, err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// decode reads params of the contract; none at all leave v as it is.
func decode(params []byte, v any) error {
	if len(params) == 0 {
		return nil
	}
	return invalidParams(params, json.Unmarshal(params, v))
}

// decodeLSP reads params of the Language Server Protocol.
func decodeLSP(params []byte, v any) error {
	if len(params) == 0 {
		return nil
	}
	return invalidParams(params, protocol.Unmarshal(params, v))
}

// invalidParams tells JSON that is broken from JSON that is not what was asked for.
// The framing looks no deeper than it must.
func invalidParams(params []byte, err error) error {
	var misfit *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case !json.Valid(params):
		return jsonrpc2.Errorf(jsonrpc2.ParseError, "the params are not JSON: %v", err)
	case errors.As(err, &misfit) && misfit.Field != "":
		return jsonrpc2.Errorf(jsonrpc2.InvalidParams, "the params do not fit: %s cannot be a JSON %s", misfit.Field, misfit.Value)
	}
	return jsonrpc2.Errorf(jsonrpc2.InvalidParams, "the params do not fit: %v", err)
}
