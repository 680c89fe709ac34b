// Package addon installs what runs as pods in every cluster: the DNS server and the metrics server.
package addon

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"pilothouse/testdata/cluster/config"
)

//go:embed coredns.yaml
var coreDNS string

//go:embed metrics-server.yaml
var metricsServer string

// Namespace is where the add-ons are.
const Namespace = "kube-system"

// Images names the images that the add-ons need.
func Images() []string { return []string{"coredns", "metrics-server"} }

// InstallDNS applies the DNS server and does not wait for its pod.
func InstallDNS(ctx context.Context, cluster *config.Cluster, client *rest.Config) error {
	return apply(ctx, client, strings.ReplaceAll(coreDNS, "{dns}", cluster.Network.DNS.String()))
}

// InstallMetrics applies the metrics server and does not wait for its pod.
func InstallMetrics(ctx context.Context, client *rest.Config) error {
	return apply(ctx, client, metricsServer)
}

func apply(ctx context.Context, config *rest.Config, manifest string) error {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	documents := yaml.NewYAMLOrJSONDecoder(bytes.NewBufferString(manifest), 4096)
	for {
		object := &unstructured.Unstructured{}
		if err := documents.Decode(object); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("reading an add-on's manifest: %w", err)
		}
		kind, _ := meta.UnsafeGuessKindToResource(object.GroupVersionKind())
		var resource dynamic.ResourceInterface = client.Resource(kind)
		if object.GetNamespace() != "" {
			resource = client.Resource(kind).Namespace(object.GetNamespace())
		}
		if _, err := resource.Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: "pilothouse-cluster", Force: true}); err != nil {
			return fmt.Errorf("applying %s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
}
