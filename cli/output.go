package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pilothouse/explorer/problem"
)

// format is the value of -o. The first of its choices, "table", is the default.
type format struct {
	value   *string
	choices []string
}

// addOutputFlag adds -o with these choices besides "table".
func addOutputFlag(cmd *cobra.Command, value *string, choices ...string) {
	*value = "table"
	f := format{value, append([]string{"table"}, choices...)}
	cmd.Flags().VarP(f, "output", "o", "one of: "+strings.Join(f.choices, ", "))
	mustComplete(cmd, "output", cobra.FixedCompletions(f.choices, cobra.ShellCompDirectiveNoFileComp))
}

func (f format) String() string { return *f.value }

func (f format) Type() string { return "format" }

func (f format) Set(text string) error {
	if !slices.Contains(f.choices, text) {
		return fmt.Errorf("choose one of %s", strings.Join(f.choices, ", "))
	}
	*f.value = text
	return nil
}

// errWatchJSON refuses to print changes as JSON: a front-end that wants them reads
// them from the daemon.
func errWatchJSON() error {
	return &problem.Error{
		Code: problem.InvalidQuery, Message: "--watch prints text",
		Suggestions: []string{"leave out -o json", "pilothouse serve --stdio, which sends every change as JSON"},
	}
}

// printJSON prints v as a person reads JSON.
func printJSON(out io.Writer, v any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return fmt.Errorf("printing JSON: %w", err)
	}
	return nil
}
