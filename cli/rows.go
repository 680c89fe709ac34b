package cli

import (
	"fmt"
	"strings"
	"time"

	"pilothouse/cli/table"
	"pilothouse/explorer/cluster"
	"pilothouse/explorer/tree"
)

// rowPrinter prints objects as `get` was asked to.
type rowPrinter struct {
	getOptions

	// named puts the kind before every name, because several kinds are printed.
	named bool
	table *table.Writer
	// namespaces prints the namespace of every row.
	namespaces bool
	// headed tells that the current table has its header.
	headed bool
}

func newRowPrinter(o getOptions, listings []listing) *rowPrinter {
	p := &rowPrinter{getOptions: o}
	for _, l := range listings {
		p.named = p.named || l.kind.ID() != listings[0].kind.ID()
	}
	return p
}

// printAll prints every listing. The error tells which objects asked for by name
// are not there.
func (p *rowPrinter) printAll(listings []listing, t target) error {
	if p.output == "json" {
		if err := p.printJSON(listings); err != nil {
			return err
		}
		return missing(listings, t)
	}
	printed := false
	for i, l := range listings {
		if i == 0 || l.kind.ID() != listings[i-1].kind.ID() {
			p.table, p.headed = table.NewWriter(p.streams.Out), false
		}
		// As with kubectl, kinds without namespaces have the column too once one with
		// namespaces came before them.
		p.namespaces = p.namespaces || p.allNamespaces && l.kind.Namespaced
		page := l.view.Start()
		if len(page.Rows) == 0 {
			continue
		}
		if printed && !p.headed && !p.noHeaders && p.output != "name" {
			fmt.Fprintln(p.streams.Out)
		}
		if err := p.print(l.kind, page.Columns, page.Rows); err != nil {
			return err
		}
		printed = true
	}
	if err := missing(listings, t); err != nil {
		return err
	}
	if !printed {
		p.printNothing(listings, t)
	}
	return nil
}

// print prints rows of a kind below those printed before.
func (p *rowPrinter) print(kind cluster.Kind, columns []tree.Column, rows []tree.Row) error {
	if p.output == "name" {
		for _, row := range rows {
			fmt.Fprintln(p.streams.Out, kindPrefix(kind)+table.Printable(row.Name))
		}
		return nil
	}
	layout := table.Layout{Columns: columns, Wide: p.output == "wide", Namespace: p.namespaces}
	if p.named {
		layout.Prefix = kindPrefix(kind)
	}
	var lines [][]string
	if !p.noHeaders && !p.headed && len(rows) > 0 {
		lines = append(lines, layout.Header())
		p.headed = true
	}
	now := time.Now()
	for _, row := range rows {
		lines = append(lines, layout.Cells(row, now))
	}
	return p.table.Write(lines...)
}

// kindPrefix is what kubectl puts before an object's name: "deployment.apps/".
func kindPrefix(kind cluster.Kind) string {
	prefix := strings.ToLower(kind.Kind)
	if kind.Group != "" {
		prefix += "." + kind.Group
	}
	return prefix + "/"
}

// printJSON prints the rows as the contract has them.
func (p *rowPrinter) printJSON(listings []listing) error {
	type kindRows struct {
		Kind    string        `json:"kind"`
		Columns []tree.Column `json:"columns"`
		Rows    []tree.Row    `json:"rows"`
	}
	all := []kindRows{}
	for _, l := range listings {
		page := l.view.Start()
		all = append(all, kindRows{l.kind.ID(), page.Columns, page.Rows})
	}
	return printJSON(p.streams.Out, all)
}

// printNothing says where nothing was found, in kubectl's words.
func (p *rowPrinter) printNothing(listings []listing, t target) {
	namespaced := !p.allNamespaces
	for _, l := range listings {
		namespaced = namespaced && l.kind.Namespaced
	}
	if namespaced {
		fmt.Fprintf(p.streams.ErrOut, "No resources found in %s namespace.\n", t.namespace)
		return
	}
	fmt.Fprintln(p.streams.ErrOut, "No resources found")
}
