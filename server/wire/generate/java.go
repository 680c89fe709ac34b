package main

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// java writes the contract as one class of plain classes with public fields,
// which Gson reads and writes as they are (and so LSP4J, too), of any version.
func java(c *contract) string {
	var b strings.Builder
	b.WriteString("// Generated from the Go declarations in server/wire: go generate ./server/wire. Do not edit.\n")
	b.WriteString("package dev.pilothouse.protocol;\n\nimport java.util.List;\nimport java.util.Map;\n\n")
	b.WriteString("/** The contract between the daemon and its front-ends. */\npublic final class Protocol {\n")
	b.WriteString("    private Protocol() {}\n\n")
	b.WriteString("    /** The version of the contract that this file was made from. */\n")
	fmt.Fprintf(&b, "    public static final int CONTRACT_VERSION = %s;\n", c.version)
	b.WriteString(javaMethodTypes)
	for _, f := range c.families {
		for _, m := range f.methods {
			javaMethod(&b, m)
		}
	}
	javaCodes(&b, c)
	for _, t := range c.types {
		b.WriteString("\n")
		javaComment(&b, "    ", t.doc)
		fmt.Fprintf(&b, "    public static final class %s {\n", t.name)
		for _, f := range t.fields {
			javaComment(&b, "        ", f.doc)
			fmt.Fprintf(&b, "        public %s %s;\n", javaKind(f.kind, f.absent == nothing), f.name)
		}
		for _, v := range t.values {
			javaComment(&b, "        ", v.doc)
			fmt.Fprintf(&b, "        public static final String %s = %s;\n", upperSnake(v.constant), strconv.Quote(v.text))
		}
		b.WriteString("    }\n")
	}
	b.WriteString("}\n")
	return b.String()
}

func javaMethod(b *strings.Builder, m method) {
	b.WriteString("\n")
	javaComment(b, "    ", m.doc)
	name := upperSnake(m.constant)
	if m.result == nil {
		fmt.Fprintf(b, "    public static final Notification<%s> %s =\n            new Notification<>(%q, %s.class);\n",
			m.params.name, name, m.name, m.params.name)
		return
	}
	fmt.Fprintf(b, "    public static final Call<%s, %s> %s =\n            new Call<>(%q, %s.class, %s.class);\n",
		m.params.name, m.result.name, name, m.name, m.params.name, m.result.name)
}

func javaCodes(b *strings.Builder, c *contract) {
	b.WriteString("\n    /** The codes of errors; their data is a ProblemDetail. */\n    public static final class ErrorCodes {\n")
	for _, code := range c.codes {
		javaComment(b, "        ", code.doc)
		fmt.Fprintf(b, "        public static final int %s = %d;\n", upperSnake(code.name), code.number)
	}
	b.WriteString("    }\n")
}

// javaKind gives the type of a field. A primitive that is absent is its zero
// value; where absence is something else the type can be null.
func javaKind(k kind, nullable bool) string {
	switch {
	case k.named != nil && k.named.values != nil:
		return "String"
	case k.named != nil:
		return k.named.name
	case k.list:
		return "List<" + javaKind(*k.element, true) + ">"
	case k.key != "":
		return "Map<" + javaBasic(k.key, true) + ", " + javaKind(*k.element, true) + ">"
	}
	return javaBasic(k.basic, nullable)
}

func javaBasic(name string, nullable bool) string {
	primitive, boxed := "long", "Long"
	switch name {
	case "string":
		return "String"
	case "any":
		return "Object"
	case "bool":
		primitive, boxed = "boolean", "Boolean"
	case "int", "int32":
		primitive, boxed = "int", "Integer"
	case "float64":
		primitive, boxed = "double", "Double"
	}
	if nullable {
		return boxed
	}
	return primitive
}

// javaComment writes a comment; Javadoc reads HTML.
func javaComment(b *strings.Builder, indent, doc string) {
	jsComment(b, indent, strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "@", "&#64;").Replace(doc))
}

// upperSnake makes EXPLORER_CHILDREN of ExplorerChildren, LEVEL_OK of LevelOK.
func upperSnake(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if i > 0 && unicode.IsUpper(r) && !unicode.IsUpper(runes[i-1]) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToUpper(r))
	}
	return b.String()
}

const javaMethodTypes = `
    /** Names a call with its params and its result. */
    public static final class Call<P, R> {
        public final String name;
        public final Class<P> params;
        public final Class<R> result;

        Call(String name, Class<P> params, Class<R> result) {
            this.name = name;
            this.params = params;
            this.result = result;
        }
    }

    /** Names a notification of the daemon with its params. */
    public static final class Notification<P> {
        public final String name;
        public final Class<P> params;

        Notification(String name, Class<P> params) {
            this.name = name;
            this.params = params;
        }
    }
`
