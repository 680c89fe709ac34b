package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"pilothouse/testdata/cluster/supervisor"
)

func (o *options) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Tell how the cluster's programs are", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			cluster, err := o.cluster()
			if err != nil {
				return err
			}
			all, err := supervisor.Dial(cluster).Status(command.Context())
			if err != nil {
				return err
			}
			for _, p := range all {
				fmt.Println(p.Name, p.State, p.PID, p.Since, p.Error)
			}
			return nil
		},
	}
}

func (o *options) kubeconfigCommand() *cobra.Command {
	return &cobra.Command{
		Use: "kubeconfig", Short: "Print the cluster's kubeconfig", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			cluster, err := o.cluster()
			if err != nil {
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
}

func (o *options) kubectlCommand() *cobra.Command {
	return &cobra.Command{
		Use: "kubectl -- ARGS", Short: "Run kubectl in the cluster",
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
