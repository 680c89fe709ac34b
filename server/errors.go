package server

import (
	"encoding/json"
	"errors"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"

	"pilothouse/explorer/problem"
)

// wireError gives err as it crosses the wire: a JSON-RPC error as it is, anything
// else as the problem that it is or wraps.
func wireError(err error) *jsonrpc2.Error {
	if rpc, ok := errors.AsType[*jsonrpc2.Error](err); ok {
		return rpc
	}
	p := problem.Of(err)
	data, err := json.Marshal(p.Detail())
	if err != nil {
		data = nil // a Detail is strings: this cannot fail
	}
	return &jsonrpc2.Error{Code: jsonrpc2.Code(p.Code), Message: p.Message, Data: data}
}

// problemFrom gives back the problem that wireError sent. Other errors of the
// daemon are an Internal problem that wraps them.
func problemFrom(rpc *jsonrpc2.Error) *problem.Error {
	var detail problem.Detail
	if json.Unmarshal(rpc.Data, &detail) != nil || detail.Code == "" {
		return &problem.Error{Code: problem.Internal, Message: rpc.Message, Err: rpc}
	}
	p := &problem.Error{
		Code:        problem.Code(rpc.Code),
		Message:     rpc.Message,
		Tried:       detail.Tried,
		Suggestions: detail.Suggestions,
	}
	if detail.Cause != "" {
		p.Err = errors.New(detail.Cause)
	}
	return p
}

// requestFailed answers a request that is well formed but not served.
func requestFailed(message string) error {
	return jsonrpc2.NewError(jsonrpc2.Code(protocol.LSPErrorCodesRequestFailed), message)
}
