package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"iter"
	"strconv"
	"strings"
)

// find gives the declaration of a type, the file it stands in and its comment.
func (p *sourcePackage) find(name string) (*ast.File, *ast.TypeSpec, string) {
	for _, file := range p.files {
		for _, decl := range file.Decls {
			group, ok := decl.(*ast.GenDecl)
			if !ok || group.Tok != token.TYPE {
				continue
			}
			for _, spec := range group.Specs {
				if t := spec.(*ast.TypeSpec); t.Name.Name == name {
					if t.Doc != nil {
						return file, t, text(t.Doc)
					}
					return file, t, text(group.Doc)
				}
			}
		}
	}
	return nil, nil, ""
}

// constants walks the constants that are declared with a type of the package.
func (p *sourcePackage) constants(typeName string) iter.Seq[*ast.ValueSpec] {
	return func(yield func(*ast.ValueSpec) bool) {
		for _, file := range p.files {
			for _, decl := range file.Decls {
				group, ok := decl.(*ast.GenDecl)
				if !ok || group.Tok != token.CONST {
					continue
				}
				for _, spec := range group.Specs {
					v := spec.(*ast.ValueSpec)
					if t, ok := v.Type.(*ast.Ident); ok && t.Name == typeName && !yield(v) {
						return
					}
				}
			}
		}
	}
}

// valuesOf gives the known values of a string type.
func (p *sourcePackage) valuesOf(typeName string) ([]value, error) {
	var values []value
	for spec := range p.constants(typeName) {
		name := spec.Names[0].Name
		literal, err := stringLiteral(spec.Values[0])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		values = append(values, value{constant: withoutPrefix(name, typeName), text: literal, doc: text(spec.Doc, spec.Comment)})
	}
	return values, nil
}

// withoutPrefix takes the words that a constant shares with its type off its
// front: HealthGood of Health is Good, NodeContext of NodeType is Context.
func withoutPrefix(constant, typeName string) string {
	for end := len(typeName); end > 0; end-- {
		if rest, ok := strings.CutPrefix(constant, typeName[:end]); ok && rest != "" && strings.ToUpper(rest[:1]) == rest[:1] {
			return rest
		}
	}
	return constant
}

// text is the first comment there is, without its marks and its last line break.
func text(comments ...*ast.CommentGroup) string {
	for _, c := range comments {
		if c != nil {
			return strings.TrimSpace(c.Text())
		}
	}
	return ""
}

// renamed puts a thing's name in the contract where its comment begins with that in Go.
func renamed(doc, goName, name string) string {
	if rest, ok := strings.CutPrefix(doc, goName); ok && strings.HasPrefix(strings.TrimPrefix(rest, ","), " ") {
		return name + rest
	}
	return doc
}

func capital(sentence string) string {
	if sentence == "" {
		return ""
	}
	return strings.ToUpper(sentence[:1]) + sentence[1:]
}

func stringLiteral(expr ast.Expr) (string, error) {
	literal, ok := expr.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return "", fmt.Errorf("its value has to be a string literal")
	}
	return strconv.Unquote(literal.Value)
}
