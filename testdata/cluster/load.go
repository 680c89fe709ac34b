//go:build linux

package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	"pilothouse/testdata/cluster/fakenode"
	"pilothouse/testdata/cluster/supervisor"
)

// load is how many objects there are to be.
type load struct {
	nodes, namespaces, pods int
}

func (o *options) loadCommand() *cobra.Command {
	var load load
	command := &cobra.Command{
		Use: "load", Short: "Fill the cluster with fake nodes and with pods that are said to run on them", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			cluster, err := o.cluster()
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(command.Context(), 10*time.Minute)
			defer cancel()
			if err := supervisor.Dial(cluster).Start(ctx, supervisor.FakeNodes); err != nil {
				return logged(cluster, supervisor.FakeNodes, err)
			}
			_, objects, err := connect(cluster)
			if err != nil {
				return err
			}
			if err := load.create(ctx, objects, !cluster.Fake); err != nil {
				return logged(cluster, supervisor.FakeNodes, err)
			}
			created := time.Since(o.started)
			if err := load.wait(ctx, objects); err != nil {
				return logged(cluster, supervisor.FakeNodes, err)
			}
			_, err = fmt.Fprintf(command.OutOrStdout(), "%d nodes and %d pods made in %.1f s, all running after %.1f s\n",
				load.nodes, load.pods, created.Seconds(), time.Since(o.started).Seconds())
			return err
		},
	}
	flags := command.Flags()
	flags.IntVar(&load.nodes, "nodes", 20, "how many fake nodes")
	flags.IntVar(&load.namespaces, "namespaces", 10, "in how many namespaces, called load-0 and so on, the pods are")
	flags.IntVar(&load.pods, "pods", 10000, "how many pods, called web-00000 and so on")
	return command
}

// loadLabel is on everything that a load made.
const loadLabel = "pilothouse.dev/load"

func (l *load) create(ctx context.Context, objects kubernetes.Interface, tainted bool) error {
	if err := fakenode.Create(ctx, objects, l.nodes, tainted); err != nil {
		return err
	}
	for number := range l.namespaces {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespaceName(number), Labels: map[string]string{loadLabel: "true"}}}
		if _, err := objects.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("making namespace %s: %w", namespace.Name, err)
		}
	}
	for number := range l.namespaces {
		if err := wait.PollUntilContextCancel(ctx, 20*time.Millisecond, true, func(ctx context.Context) (bool, error) {
			_, err := objects.CoreV1().ServiceAccounts(namespaceName(number)).Get(ctx, "default", metav1.GetOptions{})
			return err == nil, ignoreNotFound(err)
		}); err != nil {
			return fmt.Errorf("waiting for the default service account of %s: %w", namespaceName(number), err)
		}
	}
	return l.createPods(ctx, objects)
}

func (l *load) createPods(ctx context.Context, objects kubernetes.Interface) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	numbers := make(chan int)
	var workers sync.WaitGroup
	for range 32 {
		workers.Go(func() {
			for number := range numbers {
				if _, err := objects.CoreV1().Pods(namespaceName(number%l.namespaces)).Create(ctx, l.pod(number), metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
					cancel(fmt.Errorf("making pod %d: %w", number, err))
				}
			}
		})
	}
	for number := range l.pods {
		select {
		case numbers <- number:
		case <-ctx.Done():
		}
	}
	close(numbers)
	workers.Wait()
	return context.Cause(ctx)
}

func namespaceName(number int) string { return fmt.Sprintf("load-%d", number) }

// pod returns a pod of about the size that pods in production have. It names its node, because the scheduler is not what
// a load is for and would take most of the time.
func (l *load) pod(number int) *corev1.Pod {
	no := false
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name:        fmt.Sprintf("web-%05d", number),
			Labels:      map[string]string{loadLabel: "true", "app": fmt.Sprintf("app-%d", number%50), "tier": "web"},
			Annotations: map[string]string{"pilothouse.dev/note": strings.Repeat("x", 200)},
		},
		Spec: corev1.PodSpec{
			NodeName:                     fmt.Sprintf("fake-%d", number%l.nodes),
			AutomountServiceAccountToken: &no,
			Tolerations:                  []corev1.Toleration{{Operator: corev1.TolerationOpExists}},
			Containers: []corev1.Container{{
				Name: "web", Image: "hello",
				Env:   []corev1.EnvVar{{Name: "VERSION", Value: "1"}},
				Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}},
			}},
		},
	}
}

// wait returns when no pod of the load waits any more.
func (l *load) wait(ctx context.Context, objects kubernetes.Interface) error {
	pending := metav1.ListOptions{LabelSelector: loadLabel, FieldSelector: "status.phase=Pending", Limit: 1}
	if err := wait.PollUntilContextCancel(ctx, 100*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		pods, err := objects.CoreV1().Pods("").List(ctx, pending)
		return err == nil && len(pods.Items) == 0, err
	}); err != nil {
		return fmt.Errorf("waiting for the pods to run: %w", err)
	}
	return nil
}

func ignoreNotFound(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
