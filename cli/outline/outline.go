package outline

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"pilothouse/cli/table"
	"pilothouse/explorer/problem"
	"pilothouse/explorer/tree"
)

// Node is a row with what is expanded below it. A row without a type is a
// heading, such as the path of the node that an outline starts from.
type Node struct {
	Row tree.Row `json:"row"`
	// Expanded is the view of the row's children; nil when it is not expanded.
	Expanded *Expansion `json:"expanded,omitempty"`
}

// Expansion is the children of a node.
type Expansion struct {
	Columns  []tree.Column   `json:"columns,omitempty"`
	State    tree.State      `json:"state"`
	Problem  *problem.Detail `json:"problem,omitempty"`
	Children []*Node         `json:"children"`
	// Hidden counts the rows that exist and are not among Children.
	Hidden int `json:"hidden,omitempty"`
}

// Options say how an outline is drawn.
type Options struct {
	// Color marks a row's health by a coloured dot; without it a word stands
	// behind the names of rows that somebody should look at.
	Color bool
	// Wide also draws the columns that kubectl shows only with -o wide.
	Wide bool
	// Width is the most characters a line may have; 0 means any number.
	Width int
	// Now is the moment that durations are counted to.
	Now time.Time
}

// gap lies between a name and its cells, and between cells.
const gap = "   "

// Lines draws root and what is expanded below it, one string a line.
func Lines(root *Node, o Options) []string {
	d := drawing{options: o}
	d.node(root, plain(""), "", plain(""))
	return d.lines
}

// drawing is an outline on its way.
type drawing struct {
	options Options
	lines   []string
}

// node draws n's line, which begins with lead and ends with rest, and what is
// expanded below it behind indent. Where nothing else stands on the line, it
// carries the names of the columns below.
func (d *drawing) node(n *Node, lead text, indent string, rest text) {
	line := join(lead, d.label(n))
	if n.Expanded == nil {
		d.line(join(line, rest))
		return
	}
	block := d.block(n.Expanded)
	if rest.width == 0 && block.headed() {
		// The children's names begin one branch further to the right than n's.
		block.nameWidth = max(block.nameWidth, line.width-utf8.RuneCountInString(indent)-branchWidth)
		padding := utf8.RuneCountInString(indent) + branchWidth + block.nameWidth - line.width
		rest = dim(strings.Repeat(" ", padding) + gap + block.row(block.header))
	}
	d.line(join(line, rest))
	d.children(n, block, indent)
}

// branchWidth is how wide a branch is, and what continues it below.
const branchWidth = 3

// children draws the rows below n as block aligns them, and then the notes.
func (d *drawing) children(n *Node, block block, indent string) {
	children, notes := n.Expanded.Children, notes(n)
	for i, child := range children {
		branch, below := "├─ ", "│  "
		if i == len(children)-1 && len(notes) == 0 {
			branch, below = "└─ ", "   "
		}
		d.node(child, plain(indent+branch), indent+below, block.rest(i))
	}
	for i, note := range notes {
		branch := "├─ "
		if i == len(notes)-1 {
			branch = "└─ "
		}
		d.line(join(plain(indent+branch), dim(note)))
	}
}

// label is a row's mark, name and count.
func (d *drawing) label(n *Node) text {
	var parts []text
	if d.options.Color && n.Row.Type != "" {
		parts = append(parts, dot(n.Row.Health))
	}
	name := table.Printable(n.Row.Name)
	if n.Row.Object != nil && n.Row.Object.Container == "" && n.Row.Type == tree.NodeObject {
		parts = append(parts, plain(name))
	} else {
		parts = append(parts, bold(name))
	}
	if n.Row.Count != nil {
		parts = append(parts, dim(fmt.Sprintf(" (%d)", *n.Row.Count)))
	}
	if n.Row.Type == tree.NodeKind && n.Row.Description != "" {
		parts = append(parts, dim(" "+table.Printable(n.Row.Description)))
	}
	if word := word(n.Row.Health); word != "" && !d.options.Color {
		parts = append(parts, plain(" ["+word+"]"))
	}
	return join(parts...)
}

// notes are the lines below n's children that stand for no row. What is wrong is
// told once, on n's own line if it can be.
func notes(n *Node) []string {
	e := n.Expanded
	var notes []string
	if e.Hidden > 0 {
		notes = append(notes, fmt.Sprintf("... and %d more", e.Hidden))
	}
	switch {
	case e.Problem != nil && n.Row.Problem != nil && e.Problem.Message == n.Row.Problem.Message:
	case e.Problem != nil && e.State != tree.StateLive:
		notes = append(notes, table.Printable(e.Problem.Message))
	case e.State == tree.StateLoading:
		notes = append(notes, "loading ...")
	case e.State == tree.StateReconnecting:
		notes = append(notes, "reconnecting ...")
	case len(e.Children) == 0 && n.Row.Type != tree.NodeObject:
		notes = append(notes, "nothing here")
	}
	return notes
}

// line adds a line, cut to the width.
func (d *drawing) line(line text) {
	d.lines = append(d.lines, line.render(d.options.Color, d.options.Width))
}
