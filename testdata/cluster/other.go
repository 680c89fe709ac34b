//go:build !linux

package main

import (
	"fmt"
	"os"
	"runtime"
)

func main() {
	fmt.Fprintf(os.Stderr, "pilothouse-cluster: a Kubernetes node runs on Linux only, and this is %s\n", runtime.GOOS)
	os.Exit(1)
}
