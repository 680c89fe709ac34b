package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/spf13/pflag"
	"go.etcd.io/etcd/server/v3/embed"
	cliflag "k8s.io/component-base/cli/flag"
	logs "k8s.io/component-base/logs/api/v1"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	controlleroptions "k8s.io/kubernetes/cmd/kube-controller-manager/app/options"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	scheduleroptions "k8s.io/kubernetes/cmd/kube-scheduler/app/options"
)

// controlPlane is the file that `kubernetes control-plane FILE` reads: where etcd keeps and serves its data, and the
// command line of each Kubernetes program.
type controlPlane struct {
	Etcd struct {
		Data      string
		ClientURL string
		PeerURL   string
	}
	// Healthy is the API server's URL that answers 200 when the controllers and the scheduler may start. Started earlier,
	// the controllers would look for it themselves, but only once a second.
	Healthy           string
	APIServer         []string
	ControllerManager []string
	Scheduler         []string
}

// controlPlaneMain runs etcd, the API server, the controllers and the scheduler in one process, which starts faster and
// takes about half the memory of four. When one of them ends, the process ends.
func controlPlaneMain() {
	if err := serveControlPlane(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "control-plane:", err)
		os.Exit(1)
	}
}

func serveControlPlane(ctx context.Context) error {
	if len(os.Args) != 2 {
		return errors.New("usage: kubernetes control-plane FILE")
	}
	data, err := os.ReadFile(os.Args[1])
	if err != nil {
		return err
	}
	var plane controlPlane
	if err := json.Unmarshal(data, &plane); err != nil {
		return fmt.Errorf("reading %s: %w", os.Args[1], err)
	}
	// Three programs set the process' one logger up; the second and third time must be no error.
	logs.ReapplyHandling = logs.ReapplyHandlingIgnoreUnchanged

	started := time.Now()
	etcd, err := plane.startEtcd()
	if err != nil {
		return fmt.Errorf("starting etcd: %w", err)
	}
	defer etcd.Close()
	fmt.Println("etcd is ready after", time.Since(started).Round(time.Millisecond))

	ended := make(chan error)
	start := func(name string, run func() error) {
		go func() { ended <- fmt.Errorf("%s ended: %w", name, run()) }()
	}
	start("kube-apiserver", func() error {
		// The API server runs as its command because only it takes the process' signal handler.
		command := apiserver.NewAPIServerCommand()
		command.SetArgs(plane.APIServer)
		return command.ExecuteContext(ctx)
	})
	healthy := make(chan struct{})
	go func() {
		waitSuccess(plane.Healthy)
		close(healthy)
	}()
	for {
		select {
		case err := <-ended:
			return err
		case err := <-etcd.Err():
			return fmt.Errorf("etcd ended: %w", err)
		case <-healthy:
			fmt.Println("kube-apiserver is healthy after", time.Since(started).Round(time.Millisecond))
			start("kube-controller-manager", func() error { return plane.runControllers(ctx) })
			start("kube-scheduler", func() error { return plane.runScheduler(ctx) })
			healthy = nil
		}
	}
}

func (p *controlPlane) startEtcd() (*embed.Etcd, error) {
	client, err := url.Parse(p.Etcd.ClientURL)
	if err != nil {
		return nil, err
	}
	peer, err := url.Parse(p.Etcd.PeerURL)
	if err != nil {
		return nil, err
	}
	config := embed.NewConfig()
	config.Dir = p.Etcd.Data
	config.UnsafeNoFsync = true // a power cut may lose the cluster, a SIGKILL may not
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{*client}, []url.URL{*client}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{*peer}, []url.URL{*peer}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	config.LogLevel = "warn"
	config.WarningUnaryRequestDuration = embed.DefaultWarningUnaryRequestDuration // 0 would warn of every request
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return nil, err
	}
	select {
	case <-etcd.Server.ReadyNotify():
		return etcd, nil
	case err := <-etcd.Err():
		return nil, err
	case <-time.After(time.Minute):
		return nil, errors.New("not ready within a minute")
	}
}

// waitSuccess returns when url answers 200. The process that started this one sets the deadline.
func waitSuccess(url string) {
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{
		// The certificate is this process' own and nothing secret is sent.
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}
	defer client.CloseIdleConnections()
	for {
		if response, err := client.Get(url); err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (p *controlPlane) runControllers(ctx context.Context) error {
	options, err := controlleroptions.NewKubeControllerManagerOptions()
	if err != nil {
		return err
	}
	known, disabled, aliases := controllers.KnownControllers(), controllers.ControllersDisabledByDefault(), controllers.ControllerAliases()
	flags := options.Flags(known, disabled, aliases)
	options.ParsedFlags = &flags
	if err := parse(flags, p.ControllerManager); err != nil {
		return err
	}
	config, err := options.Config(ctx, known, disabled, aliases)
	if err != nil {
		return err
	}
	return controllers.Run(ctx, config.Complete())
}

func (p *controlPlane) runScheduler(ctx context.Context) error {
	options := scheduleroptions.NewOptions()
	if err := parse(*options.Flags, p.Scheduler); err != nil {
		return err
	}
	config, scheduling, err := scheduler.Setup(ctx, options)
	if err != nil {
		return err
	}
	return scheduler.Run(ctx, config, scheduling)
}

func parse(sets cliflag.NamedFlagSets, args []string) error {
	all := pflag.NewFlagSet("", pflag.ContinueOnError)
	for _, set := range sets.FlagSets {
		all.AddFlagSet(set)
	}
	return all.Parse(args)
}
