package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"

	"pilothouse/explorer/problem"
)

const (
	module      = "pilothouse"
	wirePath    = module + "/server/wire"
	problemPath = module + "/explorer/problem"
)

// reader finds declarations by reading the module's source.
type reader struct {
	root     string
	contract *contract
	packages map[string]*sourcePackage
	types    map[string]*declared // by import path and name
}

// sourcePackage is the source of one package.
type sourcePackage struct {
	path  string
	files []*ast.File
}

// readContract reads the contract of the module at root.
func readContract(root string) (*contract, error) {
	r := &reader{root: root, contract: &contract{}, packages: map[string]*sourcePackage{}, types: map[string]*declared{}}
	wire, err := r.load(wirePath)
	if err != nil {
		return nil, err
	}
	for _, file := range wire.files {
		if err := r.readWire(wire, file); err != nil {
			return nil, err
		}
	}
	if r.contract.codes, err = r.readCodes(); err != nil {
		return nil, err
	}
	r.nameMethods()
	return r.contract, r.checkNames()
}

// nameMethods puts the names of methods where comments name their Go constants.
func (r *reader) nameMethods() {
	var names []string
	for _, f := range r.contract.families {
		for _, m := range f.methods {
			names = append(names, m.constant, m.name)
		}
	}
	inComments := strings.NewReplacer(names...)
	for _, f := range r.contract.families {
		for i := range f.methods {
			f.methods[i].doc = inComments.Replace(f.methods[i].doc)
		}
	}
	for _, t := range r.contract.types {
		t.doc = inComments.Replace(t.doc)
		for i := range t.fields {
			t.fields[i].doc = inComments.Replace(t.fields[i].doc)
		}
	}
}

// load parses a package of the module.
func (r *reader) load(importPath string) (*sourcePackage, error) {
	if p := r.packages[importPath]; p != nil {
		return p, nil
	}
	below, ok := strings.CutPrefix(importPath, module+"/")
	if !ok {
		return nil, fmt.Errorf("%s is not a package of this module", importPath)
	}
	paths, err := filepath.Glob(filepath.Join(r.root, below, "*.go"))
	if err != nil || len(paths) == 0 {
		return nil, fmt.Errorf("there is no source of %s in %s", importPath, r.root)
	}
	p := &sourcePackage{path: importPath}
	for _, name := range paths {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", importPath, err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", importPath, err)
		}
		p.files = append(p.files, file)
	}
	r.packages[importPath] = p
	return p, nil
}

// readWire reads the methods and types of one file of package wire.
func (r *reader) readWire(p *sourcePackage, file *ast.File) error {
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		f := family{doc: text(group.Doc)}
		for _, spec := range group.Specs {
			switch spec := spec.(type) {
			case *ast.ValueSpec:
				m, ok, err := r.readMethod(p, file, spec)
				if err != nil {
					return err
				}
				if ok {
					f.methods = append(f.methods, m)
				}
				if spec.Names[0].Name == "ContractVersion" {
					r.contract.version = spec.Values[0].(*ast.BasicLit).Value
				}
			case *ast.TypeSpec:
				if spec.TypeParams == nil && spec.Name.IsExported() {
					if _, err := r.declare(p, spec.Name.Name); err != nil {
						return err
					}
				}
			}
		}
		if len(f.methods) > 0 {
			r.contract.families = append(r.contract.families, f)
		}
	}
	return nil
}

// readMethod reads a constant like
//
//	ExplorerChildren Call[tree.Query, tree.Page] = "pilothouse/explorer/children"
func (r *reader) readMethod(p *sourcePackage, file *ast.File, spec *ast.ValueSpec) (m method, ok bool, err error) {
	var parameters []ast.Expr
	var generic ast.Expr
	switch t := spec.Type.(type) {
	case *ast.IndexListExpr:
		generic, parameters = t.X, t.Indices
	case *ast.IndexExpr:
		generic, parameters = t.X, []ast.Expr{t.Index}
	default:
		return m, false, nil
	}
	m = method{constant: spec.Names[0].Name, doc: text(spec.Doc)}
	if m.name, err = stringLiteral(spec.Values[0]); err != nil {
		return m, false, fmt.Errorf("%s: %w", m.constant, err)
	}
	named := make([]*declared, len(parameters))
	for i, expr := range parameters {
		k, err := r.kindOf(p, file, expr)
		if err != nil || k.named == nil {
			return m, false, fmt.Errorf("%s: its params and result have to be declared types: %w", m.constant, err)
		}
		named[i] = k.named
	}
	if m.doc == "" {
		return m, false, fmt.Errorf("%s has no comment that tells what it promises", m.constant)
	}
	m.doc = capital(strings.TrimSpace(strings.TrimPrefix(m.doc, m.constant)))
	m.params = named[0]
	switch name := generic.(*ast.Ident).Name; name {
	case "Call":
		m.result = named[1]
	case "Notification":
	default:
		return m, false, fmt.Errorf("%s is neither a Call nor a Notification but a %s", m.constant, name)
	}
	return m, true, nil
}

// declare reads a type, and the types it names, once.
func (r *reader) declare(p *sourcePackage, name string) (*declared, error) {
	key := p.path + "." + name
	if d := r.types[key]; d != nil {
		return d, nil
	}
	file, spec, doc := p.find(name)
	if spec == nil {
		return nil, fmt.Errorf("%s is not declared", key)
	}
	d := &declared{name: contractName(p.path, name)}
	d.doc = renamed(doc, name, d.name)
	r.types[key] = d // before its fields: they may name it
	r.contract.types = append(r.contract.types, d)
	var err error
	switch t := spec.Type.(type) {
	case *ast.StructType:
		d.fields, err = r.readFields(p, file, t)
	case *ast.Ident:
		if t.Name != "string" {
			return nil, fmt.Errorf("%s is a %s, which the contract does not know", key, t.Name)
		}
		d.values, err = p.valuesOf(name)
	default:
		return nil, fmt.Errorf("%s is neither a struct nor a string", key)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	return d, nil
}

// contractName is the name of a type in the contract: that of wire's own as it
// is, others with their package's before them.
func contractName(importPath, name string) string {
	if importPath == wirePath {
		return name
	}
	pkg := path.Base(importPath)
	return strings.ToUpper(pkg[:1]) + pkg[1:] + name
}

func (r *reader) checkNames() error {
	seen := map[string]bool{}
	for _, t := range r.contract.types {
		if seen[t.name] {
			return fmt.Errorf("two types of the contract would be called %s", t.name)
		}
		seen[t.name] = true
	}
	return nil
}

func (r *reader) readFields(p *sourcePackage, file *ast.File, s *ast.StructType) ([]field, error) {
	var fields []field
	for _, f := range s.Fields.List {
		if len(f.Names) != 1 {
			return nil, fmt.Errorf("a field is embedded or shares its line with another")
		}
		if !f.Names[0].IsExported() {
			continue
		}
		goName := f.Names[0].Name
		if f.Tag == nil {
			return nil, fmt.Errorf("%s has no json tag", goName)
		}
		tag, err := stringLiteral(f.Tag)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", goName, err)
		}
		name, options, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
		if name == "-" {
			continue
		}
		k, err := r.kindOf(p, file, f.Type)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", goName, err)
		}
		one := field{name: name, doc: renamed(text(f.Doc, f.Comment), goName, name), kind: k}
		_, pointer := f.Type.(*ast.StarExpr)
		switch optional := options == "omitempty" || options == "omitzero"; {
		case pointer && !optional:
			return nil, fmt.Errorf("%s could be null; mark it omitempty", goName)
		case pointer:
			one.absent = nothing
		case optional:
			one.absent = zero
		}
		fields = append(fields, one)
	}
	return fields, nil
}

// kindOf reads the type of a value.
func (r *reader) kindOf(p *sourcePackage, file *ast.File, expr ast.Expr) (kind, error) {
	switch t := expr.(type) {
	case *ast.Ident:
		switch t.Name {
		case "string", "bool", "int", "int32", "int64", "uint32", "uint64", "float64", "any":
			return kind{basic: t.Name}, nil
		}
		d, err := r.declare(p, t.Name)
		return kind{named: d}, err
	case *ast.SelectorExpr:
		return r.imported(file, t)
	case *ast.StarExpr:
		return r.kindOf(p, file, t.X)
	case *ast.ArrayType:
		element, err := r.kindOf(p, file, t.Elt)
		return kind{list: true, element: &element}, err
	case *ast.MapType:
		key, err := r.kindOf(p, file, t.Key)
		if err != nil {
			return kind{}, err
		}
		if key.basic == "" {
			return kind{}, fmt.Errorf("the keys of a map have to be strings or numbers")
		}
		element, err := r.kindOf(p, file, t.Value)
		return kind{key: key.basic, element: &element}, err
	}
	return kind{}, fmt.Errorf("the contract has no type like %T", expr)
}

// imported reads a type of another package.
func (r *reader) imported(file *ast.File, t *ast.SelectorExpr) (kind, error) {
	pkg := t.X.(*ast.Ident).Name
	if pkg == "json" && t.Sel.Name == "RawMessage" {
		return kind{basic: "any"}, nil
	}
	for _, spec := range file.Imports {
		importPath, err := stringLiteral(spec.Path)
		if err != nil || spec.Name == nil && path.Base(importPath) != pkg || spec.Name != nil && spec.Name.Name != pkg {
			continue
		}
		p, err := r.load(importPath)
		if err != nil {
			return kind{}, err
		}
		d, err := r.declare(p, t.Sel.Name)
		return kind{named: d}, err
	}
	return kind{}, fmt.Errorf("nothing that is imported is called %s", pkg)
}

// readCodes reads the error codes with their comments.
func (r *reader) readCodes() ([]errorCode, error) {
	p, err := r.load(problemPath)
	if err != nil {
		return nil, err
	}
	var codes []errorCode
	for spec := range p.constants("Code") {
		number, err := strconv.Atoi(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", spec.Names[0].Name, err)
		}
		doc := strings.TrimPrefix(text(spec.Doc), spec.Names[0].Name)
		doc = strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(doc, ":"), " is"))
		codes = append(codes, errorCode{number: number, name: problem.Code(number).Name(), doc: capital(doc)})
	}
	return codes, nil
}
