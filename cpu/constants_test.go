package cpu

import (
	"bytes"
	"runtime"
	"testing"
	"unsafe"

	"github.com/gomlx/compute"
)

func TestProgramsShareEqualConstants(t *testing.T) {
	b := newTestBackend(t, Options{}).(*Backend)
	weights := array{[]int{160, 160}, make([]float32, 160*160)}
	for i := range weights.data {
		weights.data[i] = float32(i%91) - 45
	}
	held := map[*byte]int{} // by how many blocks
	var programs []compute.Executable
	for rows := 1; rows <= 3; rows++ {
		x := array{[]int{rows, 160}, make([]float32, rows*160)}
		executable := compileArrays(t, b, []array{x}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
			w, err := f.Constant(weights.data, weights.dims...)
			if err != nil {
				return nil, err
			}
			return one(f.DotGeneral(in[0], []int{1}, nil, w, []int{0}, nil, compute.DotGeneralConfig{}))
		})
		programs = append(programs, executable)
		for _, block := range executable.(*Executable).program.blocks {
			if block.kind == constantBlock && len(block.mem) >= sharedBytes {
				held[unsafe.SliceData(block.mem)]++
			}
		}
	}
	for mem, count := range held {
		if count%len(programs) != 0 {
			t.Errorf("memory %p is held %d times, want by each of %d programs", mem, count, len(programs))
		}
	}
	if len(held) == 0 {
		t.Error("no constants, want the weights and their packed form")
	}
}

func TestConstantPoolForgetsWhatNobodyHas(t *testing.T) {
	var p constantPool
	content := bytes.Repeat([]byte{7}, sharedBytes)
	own := func() []byte { return bytes.Clone(content) }
	first := p.share(content, own)
	if again := p.share(content, own); unsafe.SliceData(again) != unsafe.SliceData(first) {
		t.Error("share of an equal constant gives other memory, want the first's")
	}
	other := bytes.Clone(content)
	other[0]++
	if got := p.share(other, func() []byte { return other }); unsafe.SliceData(got) != unsafe.SliceData(other) {
		t.Error("share of another constant does not give its own memory")
	}
	runtime.KeepAlive(first)
	first = nil
	runtime.GC()
	runtime.GC()
	p.share(content, own)
	for _, list := range p.known {
		if len(list) > 1 {
			t.Errorf("%d entries for one content, want one once the others are gone", len(list))
		}
	}
}
