//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"pilothouse/testdata/cluster/supervisor"
)

// programDeadline is how long a command may take to start or end a program.
const programDeadline = 90 * time.Second

// programCommand is a command that does something to one program.
func (o *options) programCommand(verb, short string, act func(*supervisor.Client, context.Context, string) error) *cobra.Command {
	return &cobra.Command{
		Use: verb + " PROGRAM", Short: short, Args: cobra.ExactArgs(1),
		Long: short + ": apiserver (with it go etcd, the controllers and the scheduler, which share its process), registry, containerd, kubelet or kube-proxy.",
		RunE: func(command *cobra.Command, args []string) error {
			cluster, err := o.cluster()
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(command.Context(), programDeadline)
			defer cancel()
			program := programName(args[0])
			if err := act(supervisor.Dial(cluster), ctx, program); err != nil {
				return logged(cluster, program, err)
			}
			_, err = fmt.Fprintf(command.OutOrStdout(), "%s: %s done after %.1f s\n", program, verb, time.Since(o.started).Seconds())
			return err
		},
	}
}

// programName returns the process that a program is in.
func programName(name string) string {
	switch strings.TrimPrefix(name, "kube-") {
	case "apiserver", "etcd", "controller-manager", "scheduler":
		return supervisor.ControlPlane
	}
	return name
}

func (o *options) compactCommand() *cobra.Command {
	return &cobra.Command{
		Use: "compact", Short: "Forget all old revisions, so that a watch or a page that goes on from one is answered 410 Gone", Args: cobra.NoArgs,
		Long: "Compact etcd to the present revision and restart the API server, which keeps the last minutes' events and lists for itself.",
		RunE: func(command *cobra.Command, _ []string) error {
			cluster, err := o.cluster()
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(command.Context(), programDeadline)
			defer cancel()
			if err := supervisor.Dial(cluster).Compact(ctx); err != nil {
				return logged(cluster, supervisor.ControlPlane, err)
			}
			return nil
		},
	}
}

func (o *options) logsCommand() *cobra.Command {
	var lines int
	command := &cobra.Command{
		Use: "logs PROGRAM", Short: "Print the end of a program's log", Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			cluster, err := o.cluster()
			if err != nil {
				return err
			}
			text, err := os.ReadFile(cluster.Log(programName(args[0])))
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(command.OutOrStdout(), "%s\n", lastLines(text, lines))
			return err
		},
	}
	command.Flags().IntVar(&lines, "lines", 100, "how many lines")
	return command
}

func (o *options) kubeconfigCommand() *cobra.Command {
	var path bool
	command := &cobra.Command{
		Use: "kubeconfig", Short: "Print the cluster's kubeconfig", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			cluster, err := o.cluster()
			if err != nil {
				return err
			}
			if path {
				_, err := fmt.Fprintln(command.OutOrStdout(), cluster.Kubeconfig())
				return err
			}
			text, err := os.ReadFile(cluster.Kubeconfig())
			if err != nil {
				return err
			}
			_, err = command.OutOrStdout().Write(text)
			return err
		},
	}
	command.Flags().BoolVar(&path, "path", false, "print the path of the file instead")
	return command
}

func (o *options) kubectlCommand() *cobra.Command {
	return &cobra.Command{
		Use: "kubectl -- ARGS", Short: "Run the cluster's own kubectl",
		RunE: func(_ *cobra.Command, args []string) error {
			cluster, err := o.cluster()
			if err != nil {
				return err
			}
			path := filepath.Join(cluster.Programs[0], "kubectl")
			return syscall.Exec(path, append([]string{"kubectl"}, args...), append(os.Environ(), "KUBECONFIG="+cluster.Kubeconfig()))
		},
	}
}
