package main

import (
	"fmt"
	"strconv"
	"strings"
)

// typescript writes the types of the contract and a typed way to call it over
// any connection like vscode-languageclient's.
func typescript(c *contract) string {
	var b strings.Builder
	b.WriteString("// Generated from the Go declarations in server/wire: go generate ./server/wire. Do not edit.\n\n")
	fmt.Fprintf(&b, "/** The version of the contract that this file was made from. */\nexport const contractVersion = %s;\n", c.version)
	for _, t := range c.types {
		b.WriteString("\n")
		jsComment(&b, "", t.doc)
		if t.fields == nil && t.values != nil {
			tsString(&b, t)
		} else {
			tsInterface(&b, t)
		}
	}
	tsMethods(&b, c)
	tsCodes(&b, c)
	b.WriteString(tsDaemon)
	return b.String()
}

func tsInterface(b *strings.Builder, t *declared) {
	if len(t.fields) == 0 {
		fmt.Fprintf(b, "export type %s = Record<string, never>;\n", t.name)
		return
	}
	fmt.Fprintf(b, "export interface %s {\n", t.name)
	for _, f := range t.fields {
		jsComment(b, "  ", f.doc)
		optional := ""
		if f.absent != never {
			optional = "?"
		}
		fmt.Fprintf(b, "  %s%s: %s;\n", f.name, optional, tsKind(f.kind))
	}
	b.WriteString("}\n")
}

// tsString writes the known values of a string type. It stays open: a newer
// daemon may know more.
func tsString(b *strings.Builder, t *declared) {
	fmt.Fprintf(b, "export type %s =\n", t.name)
	for _, v := range t.values {
		jsComment(b, "  ", v.doc)
		fmt.Fprintf(b, "  | %s\n", strconv.Quote(v.text))
	}
	b.WriteString("  | (string & {});\n")
}

func tsKind(k kind) string {
	switch {
	case k.named != nil:
		return k.named.name
	case k.list:
		return tsKind(*k.element) + "[]"
	case k.key != "":
		return fmt.Sprintf("Record<%s, %s>", tsBasic(k.key), tsKind(*k.element))
	}
	return tsBasic(k.basic)
}

func tsBasic(name string) string {
	switch name {
	case "string":
		return "string"
	case "bool":
		return "boolean"
	case "any":
		return "unknown"
	}
	return "number"
}

func tsMethods(b *strings.Builder, c *contract) {
	b.WriteString("\n/** The calls of the contract, with what they take and give. */\nexport interface Calls {\n")
	for _, f := range c.families {
		for _, m := range f.methods {
			if m.result != nil {
				jsComment(b, "  ", m.doc)
				fmt.Fprintf(b, "  %q: { params: %s; result: %s };\n", m.name, m.params.name, m.result.name)
			}
		}
	}
	b.WriteString("}\n\n/** The notifications of the daemon, with what they carry. */\nexport interface Notifications {\n")
	for _, f := range c.families {
		for _, m := range f.methods {
			if m.result == nil {
				jsComment(b, "  ", m.doc)
				fmt.Fprintf(b, "  %q: %s;\n", m.name, m.params.name)
			}
		}
	}
	b.WriteString("}\n")
}

func tsCodes(b *strings.Builder, c *contract) {
	b.WriteString("\n/** The codes of errors; their data is a ProblemDetail. */\nexport const errorCodes = {\n")
	for _, code := range c.codes {
		jsComment(b, "  ", code.doc)
		fmt.Fprintf(b, "  %s: %d,\n", code.name, code.number)
	}
	b.WriteString("} as const;\n")
}

// jsComment writes a comment for JSDoc and Javadoc.
func jsComment(b *strings.Builder, indent, doc string) {
	doc = strings.ReplaceAll(doc, "*/", "* /")
	lines := strings.Split(doc, "\n")
	switch {
	case doc == "":
	case len(lines) == 1:
		fmt.Fprintf(b, "%s/** %s */\n", indent, doc)
	default:
		fmt.Fprintf(b, "%s/**\n", indent)
		for _, line := range lines {
			b.WriteString(strings.TrimRight(indent+" * "+line, " ") + "\n")
		}
		fmt.Fprintf(b, "%s */\n", indent)
	}
}

const tsDaemon = `
/** What ends a subscription. */
export interface Subscription {
  dispose(): void;
}

/* eslint-disable @typescript-eslint/no-explicit-any -- a connection's own kinds are not known here */

/** A connection to the daemon; a LanguageClient is one. */
export interface Connection {
  sendRequest<R>(method: string, params: unknown, token?: any): Promise<R>;
  onNotification(method: string, handler: (params: any) => void): Subscription;
}

/* eslint-enable @typescript-eslint/no-explicit-any */

/** The daemon, by its contract. */
export class Daemon {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Makes a call. A token of the connection's own kind cancels it. */
  call<M extends keyof Calls>(method: M, params: Calls[M]["params"], token?: unknown): Promise<Calls[M]["result"]> {
    return this.#connection.sendRequest(method, params, token);
  }

  /** Calls handler with every notification of that name until the subscription is disposed. */
  on<M extends keyof Notifications>(method: M, handler: (params: Notifications[M]) => void): Subscription {
    return this.#connection.onNotification(method, handler);
  }
}
`
