package cluster

import (
	"crypto/sha256"
	"os"
)

// digest sums up the contents of the files an entry refers to, so that a
// certificate or token that was rotated on disk is noticed. A file that cannot be
// read counts as its error.
func (e *entry) digest() [sha256.Size]byte {
	sum := sha256.New()
	for _, path := range e.references() {
		sum.Write([]byte(path + "\x00"))
		content, err := readRegularFile(path, maxKubeconfigSize)
		if err != nil && !os.IsNotExist(err) {
			sum.Write([]byte(err.Error()))
		}
		sum.Write(content)
	}
	return [sha256.Size]byte(sum.Sum(nil))
}
