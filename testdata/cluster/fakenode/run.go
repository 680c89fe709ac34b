package fakenode

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/workqueue"
)

const (
	workers = 32
	// heartbeat is a quarter of the time after which the controllers give a silent node up.
	heartbeat = 10 * time.Second
)

// Main keeps the fake nodes of the cluster that a kubeconfig leads to, until ctx ends.
func Main(ctx context.Context, kubeconfig string, logger *slog.Logger) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.QPS = -1
	config.ContentType = "application/vnd.kubernetes.protobuf"
	config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	return (&keeper{client: client, log: logger, addresses: map[types.UID]netip.Addr{}}).run(ctx)
}

// keeper does what the kubelets of the fake nodes would.
type keeper struct {
	client kubernetes.Interface
	log    *slog.Logger
	nodes  cache.Store
	pods   cache.Store
	queue  workqueue.TypedRateLimitingInterface[item]

	mu sync.Mutex
	// addresses are the pods' ones; last is the latest that was given
	addresses map[types.UID]netip.Addr
	last      netip.Addr
}

// item is an object to look at.
type item struct {
	node bool
	key  string // namespace/name
}

func (k *keeper) run(ctx context.Context) error {
	k.last = netip.AddrFrom4([4]byte{10, 199, 0, 0})
	k.queue = workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[item]())
	nodes := informers.NewSharedInformerFactoryWithOptions(k.client, 0, informers.WithTweakListOptions(func(options *metav1.ListOptions) {
		options.LabelSelector = Label + "=true"
	}))
	nodeInformer := nodes.Core().V1().Nodes().Informer()
	pods := informers.NewSharedInformerFactoryWithOptions(k.client, 0, informers.WithTransform(trim), informers.WithTweakListOptions(func(options *metav1.ListOptions) {
		options.FieldSelector = "spec.nodeName!="
	}))
	podInformer := pods.Core().V1().Pods().Informer()
	k.nodes, k.pods = nodeInformer.GetStore(), podInformer.GetStore()
	if err := errors.Join(k.follow(nodeInformer, true), k.follow(podInformer, false)); err != nil {
		return err
	}
	nodes.Start(ctx.Done())
	pods.Start(ctx.Done())
	defer nodes.Shutdown()
	defer pods.Shutdown()
	if !cache.WaitForCacheSync(ctx.Done(), nodeInformer.HasSynced, podInformer.HasSynced) {
		return ctx.Err()
	}
	var owned sync.WaitGroup
	defer owned.Wait()
	for range workers {
		owned.Go(func() {
			for k.next(ctx) {
			}
		})
	}
	defer k.queue.ShutDown()
	ticker := time.NewTicker(heartbeat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			for _, key := range k.nodes.ListKeys() {
				k.queue.Add(item{node: true, key: key})
			}
		}
	}
}

// follow queues every object that changes.
func (k *keeper) follow(informer cache.SharedIndexInformer, node bool) error {
	add := func(object any) {
		if key, err := cache.DeletionHandlingMetaNamespaceKeyFunc(object); err == nil {
			k.queue.Add(item{node: node, key: key})
		}
	}
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    add,
		UpdateFunc: func(_, object any) { add(object) },
		DeleteFunc: func(object any) {
			if last, ok := object.(cache.DeletedFinalStateUnknown); ok {
				object = last.Obj
			}
			if pod, ok := object.(*corev1.Pod); ok {
				k.mu.Lock()
				delete(k.addresses, pod.UID)
				k.mu.Unlock()
			}
		},
	})
	return err
}

// trim keeps of a pod what decides what happens to it: ten thousand of them are held.
func trim(object any) (any, error) {
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return object, nil
	}
	kept := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID, ResourceVersion: pod.ResourceVersion,
			DeletionTimestamp: pod.DeletionTimestamp,
		},
		Spec:   corev1.PodSpec{NodeName: pod.Spec.NodeName},
		Status: corev1.PodStatus{Phase: pod.Status.Phase},
	}
	for _, container := range pod.Spec.Containers {
		kept.Spec.Containers = append(kept.Spec.Containers, corev1.Container{Name: container.Name, Image: container.Image})
	}
	return kept, nil
}

// next handles one object, and tells whether there may be another.
func (k *keeper) next(ctx context.Context) bool {
	next, shutdown := k.queue.Get()
	if shutdown {
		return false
	}
	defer k.queue.Done(next)
	if err := k.keep(ctx, next); err != nil && ctx.Err() == nil {
		k.log.Warn("it is tried again", "object", next.key, "error", err)
		k.queue.AddRateLimited(next)
		return true
	}
	k.queue.Forget(next)
	return true
}

func (k *keeper) keep(ctx context.Context, next item) error {
	store := k.pods
	if next.node {
		store = k.nodes
	}
	object, exists, err := store.GetByKey(next.key)
	if err != nil || !exists {
		return err
	}
	if next.node {
		return k.keepNode(ctx, object.(*corev1.Node))
	}
	return k.keepPod(ctx, object.(*corev1.Pod))
}

func (k *keeper) keepNode(ctx context.Context, node *corev1.Node) error {
	if err := k.renewLease(ctx, node); err != nil {
		return fmt.Errorf("renewing the lease: %w", err)
	}
	if saysReady(node) {
		return nil
	}
	now := metav1.Now()
	return patchStatus(ctx, k.client.CoreV1().Nodes(), node.Name, map[string]any{"conditions": []corev1.NodeCondition{
		{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "FakeNodeReady", Message: "this node is only said to be ready", LastHeartbeatTime: now, LastTransitionTime: now},
	}})
}

func (k *keeper) renewLease(ctx context.Context, node *corev1.Node) error {
	leases := k.client.CoordinationV1().Leases(corev1.NamespaceNodeLease)
	seconds := int32(4 * heartbeat / time.Second)
	now := metav1.NowMicro()
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"renewTime": now}})
	if err != nil {
		return err
	}
	_, err = leases.Patch(ctx, node.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	if !apierrors.IsNotFound(err) {
		return err
	}
	_, err = leases.Create(ctx, &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Name: node.Name, OwnerReferences: []metav1.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: node.Name, UID: node.UID}}},
		Spec:       coordinationv1.LeaseSpec{HolderIdentity: &node.Name, LeaseDurationSeconds: &seconds, RenewTime: &now},
	}, metav1.CreateOptions{})
	return err
}

func (k *keeper) keepPod(ctx context.Context, pod *corev1.Pod) error {
	if _, fake, err := k.nodes.GetByKey(pod.Spec.NodeName); err != nil || !fake {
		return err
	}
	switch {
	case pod.DeletionTimestamp != nil:
		err := k.client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, *deleteNow(pod.UID))
		if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
			return nil
		}
		return err
	case pod.Status.Phase == corev1.PodPending || pod.Status.Phase == "":
		err := patchStatus(ctx, k.client.CoreV1().Pods(pod.Namespace), pod.Name, k.running(pod))
		if apierrors.IsNotFound(err) {
			return nil
		}
		return err
	}
	return nil
}

func deleteNow(uid types.UID) *metav1.DeleteOptions {
	options := metav1.NewDeleteOptions(0)
	options.Preconditions = metav1.NewUIDPreconditions(string(uid))
	return options
}

// running is the status of a pod that runs.
func (k *keeper) running(pod *corev1.Pod) corev1.PodStatus {
	now := metav1.Now()
	address := k.address(pod.UID).String()
	status := corev1.PodStatus{
		Phase: corev1.PodRunning, StartTime: &now, HostIP: "127.0.0.1", PodIP: address, PodIPs: []corev1.PodIP{{IP: address}},
	}
	for _, condition := range []corev1.PodConditionType{corev1.PodInitialized, corev1.PodReady, corev1.ContainersReady, corev1.PodScheduled} {
		status.Conditions = append(status.Conditions, corev1.PodCondition{Type: condition, Status: corev1.ConditionTrue, LastTransitionTime: now})
	}
	yes := true
	for _, container := range pod.Spec.Containers {
		status.ContainerStatuses = append(status.ContainerStatuses, corev1.ContainerStatus{
			Name: container.Name, Image: container.Image, Ready: true, Started: &yes,
			State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: now}},
		})
	}
	return status
}

// address gives every pod its own one.
func (k *keeper) address(pod types.UID) netip.Addr {
	k.mu.Lock()
	defer k.mu.Unlock()
	if known, ok := k.addresses[pod]; ok {
		return known
	}
	k.last = k.last.Next()
	k.addresses[pod] = k.last
	return k.last
}

// patcher is what the clients of nodes and of pods have in common.
type patcher[Object any] interface {
	Patch(ctx context.Context, name string, kind types.PatchType, data []byte, options metav1.PatchOptions, subresources ...string) (Object, error)
}

func patchStatus[Object any](ctx context.Context, client patcher[Object], name string, status any) error {
	patch, err := json.Marshal(map[string]any{"status": status})
	if err != nil {
		return err
	}
	_, err = client.Patch(ctx, name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	return err
}
