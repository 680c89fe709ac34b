package server

import (
	"context"
	"maps"
	"slices"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"

	"pilothouse/explorer/problem"
	"pilothouse/server/wire"
)

// commands are the calls that an editor can run without knowing them, through
// workspace/executeCommand. A command's first argument is the params of its call.
func commands() map[string]string {
	return map[string]string{
		"pilothouse.addKubeconfig":    string(wire.ClustersAddFile),
		"pilothouse.doctor":           string(wire.DaemonDoctor),
		"pilothouse.removeKubeconfig": string(wire.ClustersRemoveFile),
		"pilothouse.retry":            string(wire.ClustersRetry),
		"pilothouse.setNamespace":     string(wire.ClustersSetNamespace),
		"pilothouse.shutdown":         string(wire.DaemonShutdown),
	}
}

func commandOptions() protocol.ExecuteCommandOptions {
	options := protocol.ExecuteCommandOptions{Commands: slices.Sorted(maps.Keys(commands()))}
	options.WorkDoneProgress = new(bool)
	*options.WorkDoneProgress = true
	return options
}

// executeCommand runs a command as its call, and shows what went wrong: such an
// editor may have no other place for it.
func (c call) executeCommand(ctx context.Context, p *protocol.ExecuteCommandParams) (any, error) {
	method, err := c.daemon.methods.call(commands()[p.Command])
	if err != nil {
		return nil, jsonrpc2.Errorf(jsonrpc2.InvalidParams, "there is no command %q", p.Command)
	}
	var params []byte
	if len(p.Arguments) > 0 {
		params = p.Arguments[0]
	}
	c.progress = newProgress(c.session, p.WorkDoneToken, p.Command)
	defer c.progress.end()
	c.command = true
	result, err := method.run(ctx, c, params)
	if err != nil && ctx.Err() == nil {
		c.show(ctx, protocol.MessageTypeError, problem.Of(err))
	}
	return result, err
}
