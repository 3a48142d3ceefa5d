package bench

import (
	"fmt"
	"os"
	"testing"

	"github.com/siam-go/siam/cpu"
	"github.com/siam-go/siam/onnx"
)

// loaded is a network ready to run with all its outputs, after one image went through it.
func (n Network) loaded(t testing.TB) *onnx.Network {
	t.Helper()
	folder, err := NetworksFolder()
	if err != nil {
		t.Skip(err)
	}
	if _, err := os.Stat(n.Path(folder)); err != nil {
		t.Skip(err)
	}
	backend, err := cpu.New(cpu.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(backend.Finalize)
	m, err := onnx.ReadFile(n.Path(folder))
	if err != nil {
		t.Fatal(err)
	}
	var outputs []string
	for _, v := range m.Outputs() {
		outputs = append(outputs, v.Name)
	}
	run, err := onnx.NewNetwork(backend, m, outputs...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := run.Run(t.Context(), n.Images(1)); err != nil {
		t.Fatal(err)
	}
	return run
}

// BenchmarkImport is reading, folding and compiling, and one run.
func BenchmarkImport(b *testing.B) {
	for _, n := range Networks() {
		b.Run(n.Name, func(b *testing.B) {
			for b.Loop() {
				n.loaded(b).Close()
			}
		})
	}
}

// BenchmarkNetwork is the time of one batch on two threads.
func BenchmarkNetwork(b *testing.B) {
	for _, n := range Networks() {
		for _, batch := range n.Batches {
			b.Run(fmt.Sprintf("%s/batch=%d", n.Name, batch), func(b *testing.B) {
				run, x := n.loaded(b), n.Images(batch)
				defer run.Close()
				for b.Loop() {
					if _, err := run.Run(b.Context(), x); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
