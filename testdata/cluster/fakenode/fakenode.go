// Package fakenode makes nodes that are nothing but objects, and pods on them that are said to run. They are for tests of
// many: a fake pod costs the API server what a real one does, and the machine nothing.
package fakenode

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

const (
	// Label is on every fake node, with the value "true".
	Label = "pilothouse.dev/fake-node"
	// Taint keeps pods that do not tolerate it off the fake nodes of a cluster that has a real one.
	Taint = Label
)

// Create makes fake nodes called fake-0 and so on, of which some may be there already.
func Create(ctx context.Context, client kubernetes.Interface, count int, tainted bool) error {
	capacity := corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse("256"),
		corev1.ResourceMemory: resource.MustParse("1Ti"),
		corev1.ResourcePods:   resource.MustParse("5000"),
	}
	for number := range count {
		name := fmt.Sprintf("fake-%d", number)
		node := &corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{Label: "true", corev1.LabelHostname: name, corev1.LabelOSStable: "linux"}},
			Status: corev1.NodeStatus{
				Capacity: capacity, Allocatable: capacity,
				NodeInfo: corev1.NodeSystemInfo{KubeletVersion: "fake", OperatingSystem: "linux"},
				// Without an address who asks for logs is told that there is nobody to ask.
				Addresses: []corev1.NodeAddress{{Type: corev1.NodeHostName, Address: name}},
			},
		}
		if tainted {
			node.Spec.Taints = []corev1.Taint{{Key: Taint, Value: "true", Effect: corev1.TaintEffectNoSchedule}}
		}
		if _, err := client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("making node %s: %w", name, err)
		}
	}
	return nil
}

// IsReady tells whether a node, fake or not, takes pods.
func IsReady(node *corev1.Node) bool {
	for _, taint := range node.Spec.Taints {
		if taint.Key == corev1.TaintNodeNotReady { // the controllers take it away a moment after the node is ready
			return false
		}
	}
	return saysReady(node)
}

func saysReady(node *corev1.Node) bool {
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}
