//go:build !amd64 && !arm64

package kernel

// implementations lists the sets this processor runs, slowest first.
func implementations() []implementation { return []implementation{portable()} }
