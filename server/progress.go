package server

import (
	"go.lsp.dev/protocol"
)

// progress tells a client how far a call is, as $/progress. The zero progress is
// that of a client that did not ask for it, and says nothing.
type progress struct {
	session *session
	token   protocol.ProgressToken
}

// newProgress begins to tell; token is nil where the client did not ask.
func newProgress(s *session, token protocol.ProgressToken, title string) progress {
	p := progress{s, token}
	p.send(protocol.WorkDoneProgressBegin{Kind: "begin", Title: title})
	return p
}

// report tells what is being done now.
func (p progress) report(message string) {
	p.send(protocol.WorkDoneProgressReport{Kind: "report", Message: &message})
}

func (p progress) end() {
	p.send(protocol.WorkDoneProgressEnd{Kind: "end"})
}

func (p progress) send(value any) {
	if p.token == nil {
		return
	}
	raw, err := protocol.Marshal(value)
	if err == nil {
		err = p.session.client.Progress(p.session.ctx, &protocol.ProgressParams{Token: p.token, Value: raw})
	}
	if err != nil && p.session.ctx.Err() == nil {
		p.session.log.Warn("progress was not told", "cause", err)
	}
}
