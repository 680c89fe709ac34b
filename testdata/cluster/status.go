//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"pilothouse/testdata/cluster/config"
	"pilothouse/testdata/cluster/supervisor"
)

// report is how a cluster is.
type report struct {
	Name     string              `json:"name"`
	Up       bool                `json:"up"`
	Since    time.Time           `json:"since"`
	Programs []programReport     `json:"programs"`
	Checks   []check             `json:"checks"`
	All      supervisor.Resource `json:"all"`
}

type programReport struct {
	supervisor.Status
	supervisor.Resource
}

// check is something that the cluster as a whole does, or why it does not.
type check struct {
	Name  string `json:"name"`
	Error string `json:"error,omitempty"`
}

func (o *options) statusCommand() *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use: "status", Short: "Tell how the cluster and its programs are; the exit code is 1 when it is not up", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			cluster, err := o.cluster()
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(command.Context(), 5*time.Second)
			defer cancel()
			report, err := examine(ctx, cluster)
			if err != nil {
				return fmt.Errorf("cluster %q is not up: %w", cluster.Name, err)
			}
			if asJSON {
				encoder := json.NewEncoder(command.OutOrStdout())
				encoder.SetIndent("", "  ")
				err = encoder.Encode(report)
			} else {
				err = report.print(command.OutOrStdout())
			}
			if err == nil && !report.Up {
				err = fmt.Errorf("cluster %q is not up", cluster.Name)
			}
			return err
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return command
}

// examine asks the supervisor and the API server how the cluster is. The error tells that there is no supervisor.
func examine(ctx context.Context, cluster *config.Cluster) (*report, error) {
	all, err := supervisor.Dial(cluster).Status(ctx)
	if err != nil {
		return nil, err
	}
	resources, err := supervisor.Resources(cluster)
	if err != nil {
		return nil, err
	}
	report := &report{Name: cluster.Name, Up: true, Since: cluster.Started, All: resources.All()}
	for _, program := range all {
		report.Programs = append(report.Programs, programReport{Status: program, Resource: resources[program.PID]})
		if program.State != supervisor.Ready && !program.Manual {
			report.Up = false
		}
	}
	_, objects, err := connect(cluster)
	if err != nil {
		return nil, err
	}
	report.check("nodes", nodesReady(ctx, objects))
	if !cluster.Fake {
		report.check("dns", resolve(ctx, cluster))
		metrics := available(ctx, objects, "metrics-server")
		report.Checks = append(report.Checks, check{"metrics", text(metrics)}) // it comes later than `up` waits for
	}
	return report, nil
}

func (r *report) check(name string, err error) {
	r.Checks = append(r.Checks, check{name, text(err)})
	r.Up = r.Up && err == nil
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func (r *report) print(to io.Writer) error {
	table := tabwriter.NewWriter(to, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "PROGRAM\tSTATE\tPID\tMEMORY\tSINCE\t")
	for _, p := range r.Programs {
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\t%s\n", p.Name, p.State, p.HostPID, mebibytes(p.Memory), time.Since(p.Since).Round(time.Second), p.Error)
	}
	fmt.Fprintf(table, "all %d processes\t\t\t%s\t\t\n", r.All.Processes, mebibytes(r.All.Memory))
	for _, c := range r.Checks {
		state := "ready"
		if c.Error != "" {
			state = "not ready"
		}
		fmt.Fprintf(table, "%s\t%s\t\t\t\t%s\n", c.Name, state, c.Error)
	}
	return table.Flush()
}

func mebibytes(bytes int64) string { return fmt.Sprintf("%d MiB", bytes>>20) }
