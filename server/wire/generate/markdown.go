package main

import (
	"fmt"
	"strings"
)

// markdown writes the protocol's page.
func markdown(c *contract) string {
	var b strings.Builder
	b.WriteString(markdownHead)
	fmt.Fprintf(&b, "This is version %s of the contract.\n\n## Methods\n", c.version)
	for _, f := range c.families {
		fmt.Fprintf(&b, "\n%s\n", f.doc)
		for _, m := range f.methods {
			mdMethod(&b, m)
		}
	}
	b.WriteString("\n## Types\n\nA member marked with ? may be left out; it then has its zero value, or, where it is an object or a\nnumber that can be unknown, none. Lists that are not marked are never null.\n")
	for _, t := range c.types {
		mdType(&b, t)
	}
	b.WriteString(markdownErrors)
	for _, code := range c.codes {
		fmt.Fprintf(&b, "| %d | `%s` | %s |\n", code.number, code.name, mdCell(code.doc))
	}
	return b.String()
}

func mdMethod(b *strings.Builder, m method) {
	fmt.Fprintf(b, "\n### `%s`\n\n", m.name)
	if m.result == nil {
		fmt.Fprintf(b, "Notification of the daemon: %s\n\n", mdLink(m.params))
	} else {
		fmt.Fprintf(b, "Call: %s → %s\n\n", mdLink(m.params), mdLink(m.result))
	}
	b.WriteString(m.doc + "\n")
}

func mdType(b *strings.Builder, t *declared) {
	fmt.Fprintf(b, "\n### %s\n\n%s\n", t.name, t.doc)
	if len(t.fields) > 0 {
		b.WriteString("\n| member | type | |\n|---|---|---|\n")
	}
	for _, f := range t.fields {
		optional := ""
		if f.absent != never {
			optional = "?"
		}
		fmt.Fprintf(b, "| `%s`%s | %s | %s |\n", f.name, optional, mdKind(f.kind), mdCell(f.doc))
	}
	if len(t.values) > 0 {
		b.WriteString("\n| value | |\n|---|---|\n")
	}
	for _, v := range t.values {
		fmt.Fprintf(b, "| `%q` | %s |\n", v.text, mdCell(v.doc))
	}
}

func mdKind(k kind) string {
	switch {
	case k.named != nil:
		return mdLink(k.named)
	case k.list:
		return "list of " + mdKind(*k.element)
	case k.key != "":
		return fmt.Sprintf("object: %s → %s", tsBasic(k.key), mdKind(*k.element))
	}
	return tsBasic(k.basic)
}

func mdLink(t *declared) string {
	return fmt.Sprintf("[%s](#%s)", t.name, strings.ToLower(t.name))
}

// mdCell makes one line of a comment.
func mdCell(doc string) string {
	return strings.NewReplacer("\n", " ", "|", `\|`, "<", "&lt;").Replace(doc)
}

const markdownHead = `<!-- Generated from the Go declarations in server/wire: go generate ./server/wire. Do not edit. -->
# The protocol

What the daemon speaks beyond the Language Server Protocol. [clients.md](clients.md) tells how to use it:
how to start the daemon, what a session is, how a view is kept up to date.

`

const markdownErrors = `
## Errors

An error of Pilothouse has one of these codes, a message of one sentence for a person, and a
[ProblemDetail](#problemdetail) as its data, which carries the name.

Besides these come the codes of JSON-RPC and of the Language Server Protocol: -32700 (a message that is no JSON), -32600
(no request, or out of turn, or too large), -32601 (no such method), -32602 (params that do not fit), -32603 (a
fault of Pilothouse; its log tells where), -32002 (before initialize), -32800 (cancelled), -32803 (too much at once).

| code | name | |
|---:|---|---|
`
