package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	// go generate runs in server/wire.
	if err := run(filepath.Join("..", "..")); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(root string) error {
	files, err := generate(root)
	if err != nil {
		return err
	}
	for path, text := range files {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // sources are everybody's to read
			return fmt.Errorf("writing %s: %w", path, err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil { //nolint:gosec // as above
			return fmt.Errorf("writing %s: %w", path, err)
		}
	}
	return nil
}

// generate gives the text of every generated file by its path below root.
func generate(root string) (map[string]string, error) {
	c, err := readContract(root)
	if err != nil {
		return nil, err
	}
	return map[string]string{
		"docs/protocol.md":                   markdown(c),
		"editors/vscode/src/protocol.gen.ts": typescript(c),
		"editors/intellij/src/main/java/dev/pilothouse/protocol/Protocol.java": java(c),
	}, nil
}
