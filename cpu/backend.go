// Package cpu is a compute backend for GoMLX in pure Go and Go assembly: it records a graph, compiles it once
// and runs it many times on the processor's cores.
//
// Importing the package registers it as "cpu", so that compute.NewWithConfig("cpu") or
// compute.NewWithConfig("cpu:threads=2,precision=bf16") finds it; New gives one directly.
//
// A graph passes through four stages:
//
//	record   Function notes every operation as a node, with the shapes GoMLX's Go backend infers
//	rewrite  dead code, common subexpressions, small constants and fusable patterns (passes.go, fuse_*.go)
//	lower    every node becomes tasks on blocks of memory, split into units of work (ops_*.go)
//	plan     every block gets its place in one arena, by lifetime (plan.go)
//
// Operations without an implementation here run one at a time on GoMLX's Go backend (fallback.go).
package cpu

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/compute/shapes"

	"github.com/siam-go/siam/internal/kernel"
	"github.com/siam-go/siam/internal/parallel"
)

// BackendName is the name the backend is registered under.
const BackendName = "cpu"

// Precision is the number format of the operands of matrix products and convolutions.
// Sums, and everything else, are float32 always.
type Precision int

const (
	Float32    Precision = iota // operands as they are
	BFloat16                    // operands rounded to bfloat16 where the processor multiplies those faster
	BFloat16x3                  // operands as sums of two bfloat16 where the processor has a matrix unit: off by at most 1.2e-5 of a product
)

// Way is how convolutions are computed where they can be so: their results differ as float32 rounding does, and as the precision allows.
type Way int

const (
	Chosen  Way = iota // for each the way that a cost model takes for the fastest
	Direct             // by vectors, all products
	Minimal            // by minimal filtering
	Squares            // on the matrix unit
)

// String names the way as the backend's configuration does.
func (w Way) String() string { return [...]string{"chosen", "direct", "minimal", "squares"}[w] }

// kernel is the way in the kernels' terms.
func (w Way) kernel() kernel.Way {
	return [...]kernel.Way{kernel.Chosen, kernel.Direct, kernel.Minimal, kernel.Squares}[w]
}

// Options configure a Backend. The zero value uses all cores in float32.
type Options struct {
	// Threads is the number of cores a running graph uses; 0 means GOMAXPROCS, or less where a control group's quota is less.
	// Results do not depend on it.
	Threads int
	// Precision of matrix products and convolutions.
	Precision Precision
	// Convolutions says how they are computed, to measure one way beside another; the zero value chooses for each.
	Convolutions Way
	// NoFallback makes a graph with operations that only GoMLX's Go backend runs an error, which lists them.
	NoFallback bool
}

// Backend implements compute.Backend. It is safe for concurrent use.
type Backend struct {
	*engine
	precision Precision
}

// engine is what a backend's graphs of all precisions share.
type engine struct {
	options   Options
	fallback  compute.Backend // GoMLX's Go backend, for operations that are not ours
	memory    memoryPool
	rooms     roomPool
	constants constantPool
	mu        sync.Mutex
	fallbacks map[string]bool // see Fallbacks
	finalized atomic.Bool
	account   atomic.Pointer[account] // see Account; nil for none
	unfused   bool                    // for tests: leave out the passes that fuse
	inspect   func(g *body)           // for tests: sees, and may reorder, what will be lowered
}

var _ compute.Backend = (*Backend)(nil)

func init() {
	compute.Register(BackendName, func(config string) (compute.Backend, error) {
		options, err := parseOptions(config)
		if err != nil {
			return nil, err
		}
		return New(options)
	})
}

// New returns a backend with the given options, or an error if they make no sense.
func New(options Options) (compute.Backend, error) {
	if options.Threads < 0 {
		return nil, fmt.Errorf("cpu backend: threads = %d, want 0 (all cores) or more", options.Threads)
	}
	if options.Precision < Float32 || options.Precision > BFloat16x3 {
		return nil, fmt.Errorf("cpu backend: unknown precision %d", options.Precision)
	}
	if options.Convolutions < Chosen || options.Convolutions > Squares {
		return nil, fmt.Errorf("cpu backend: unknown way of convolutions %d", options.Convolutions)
	}
	if options.Threads == 0 {
		options.Threads = int(math.Ceil(parallel.Cores()))
	}
	// Sequential: a panic in one of its parallel workers would end the process.
	fallback, err := gobackend.New("ops_sequential")
	if err != nil {
		return nil, fmt.Errorf("cpu backend: creating the Go backend to fall back on: %w", err)
	}
	return &Backend{&engine{options: options, fallback: fallback, fallbacks: map[string]bool{}}, options.Precision}, nil
}

// At is the same backend for graphs whose products are of another precision: "fp32", "bf16" or "bf16x3". Buffers of one are buffers of the
// other, and to finalize one finalizes both.
func (b *Backend) At(precision string) (compute.Backend, error) {
	p, err := parsePrecision(precision)
	if err != nil {
		return nil, fmt.Errorf("cpu backend: %w", err)
	}
	return &Backend{b.engine, p}, nil
}

// parseOptions reads "threads=2,precision=bf16,convolutions=direct,fallback=refuse"; all parts are optional.
func parseOptions(config string) (Options, error) {
	var options Options
	for part := range strings.SplitSeq(config, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch {
		case key == "":
		case key == "threads":
			n, err := strconv.Atoi(value)
			if err != nil || n < 0 {
				return options, fmt.Errorf("cpu backend: threads=%q, want a number of threads such as threads=2", value)
			}
			options.Threads = n
		case key == "precision":
			p, err := parsePrecision(value)
			if err != nil {
				return options, fmt.Errorf("cpu backend: %w", err)
			}
			options.Precision = p
		case key == "convolutions":
			w, err := parseWay(value)
			if err != nil {
				return options, fmt.Errorf("cpu backend: %w", err)
			}
			options.Convolutions = w
		case key == "fallback" && (value == "run" || value == "refuse"):
			options.NoFallback = value == "refuse"
		default:
			return options, fmt.Errorf("cpu backend: unknown option %q, want threads=N, precision=fp32|bf16|bf16x3, convolutions=chosen|direct|minimal|squares or fallback=run|refuse", part)
		}
	}
	return options, nil
}

func parsePrecision(text string) (Precision, error) {
	for p := Float32; p <= BFloat16x3; p++ {
		if p.String() == text {
			return p, nil
		}
	}
	return 0, fmt.Errorf("precision %q, want fp32, bf16 or bf16x3", text)
}

func parseWay(text string) (Way, error) {
	for w := Chosen; w <= Squares; w++ {
		if w.String() == text {
			return w, nil
		}
	}
	return 0, fmt.Errorf("convolutions %q, want chosen, direct, minimal or squares", text)
}

// Name implements compute.Backend.
func (b *Backend) Name() string { return BackendName }

// String implements compute.Backend.
func (b *Backend) String() string { return BackendName }

// Description implements compute.Backend.
func (b *Backend) Description() string {
	return fmt.Sprintf("Siam CPU backend (threads=%d, %s)", b.options.Threads, b.precision)
}

// String names the precision as the backend's configuration does.
func (p Precision) String() string { return [...]string{"fp32", "bf16", "bf16x3"}[p] }

// kernel is the precision in the kernels' terms.
func (p Precision) kernel() kernel.Precision {
	return [...]kernel.Precision{kernel.Float32, kernel.BFloat16, kernel.BFloat16x3}[p]
}

// NumDevices implements compute.Backend: there is one device.
func (b *Backend) NumDevices() int { return 1 }

// DeviceDescription implements compute.Backend.
func (b *Backend) DeviceDescription(compute.DeviceNum) string { return "cpu" }

// Capabilities implements compute.Backend: all the Go backend has, but dynamic axes, and the operations that
// training a convolutional net needs besides.
func (b *Backend) Capabilities() compute.Capabilities {
	c := b.fallback.Capabilities().Clone()
	c.DynamicAxes = false
	for _, op := range []compute.OpType{
		compute.OpTypeBatchNormForInference, compute.OpTypeBatchNormForTraining, compute.OpTypeBatchNormGradient,
		compute.OpTypeSelectAndScatterMax, compute.OpTypeSelectAndScatterMin,
		compute.OpTypeDynamicSlice, compute.OpTypeDynamicUpdateSlice,
	} {
		c.Operations[op] = true
	}
	return c
}

// Builder implements compute.Backend.
func (b *Backend) Builder(name string) compute.Builder { return newBuilder(b, name) }

// Finalize implements compute.Backend. Buffers of a finalized backend give errors from then on.
func (b *Backend) Finalize() {
	b.finalized.Store(true)
	b.fallback.Finalize()
}

// IsFinalized implements compute.Backend.
func (b *Backend) IsFinalized() bool { return b.finalized.Load() }

// BufferFromFlatData implements compute.DataInterface: it copies flat.
func (b *Backend) BufferFromFlatData(device compute.DeviceNum, flat any, shape shapes.Shape) (compute.Buffer, error) {
	buffer, err := b.newBuffer(device, shape)
	if err != nil {
		return nil, err
	}
	if err := checkFlat(flat, shape); err != nil {
		return nil, fmt.Errorf("cpu backend: BufferFromFlatData: %w", err)
	}
	copy(buffer.mem, flatBytes(flat))
	return buffer, nil
}

// Borrow makes a buffer of the memory of flat, without a copy. Flat must stay as it is for as long as the buffer is in use, and the
// buffer cannot be donated. Other backends of GoMLX have no such method.
func (b *Backend) Borrow(flat []float32, shape shapes.Shape) (compute.Buffer, error) {
	if b.IsFinalized() {
		return nil, errors.New("cpu backend: it was finalized")
	}
	if err := checkFlat(flat, shape); err != nil {
		return nil, fmt.Errorf("cpu backend: Borrow: %w", err)
	}
	return &Buffer{backend: b, shape: shape.Clone(), mem: flatBytes(flat), lent: true}, nil
}

// HasSharedBuffers implements compute.DataInterface.
func (b *Backend) HasSharedBuffers() bool { return true }

// NewSharedBuffer implements compute.DataInterface: flat is the buffer's own memory, with any content.
func (b *Backend) NewSharedBuffer(device compute.DeviceNum, shape shapes.Shape) (compute.Buffer, any, error) {
	buffer, err := b.newBuffer(device, shape)
	if err != nil {
		return nil, nil, err
	}
	buffer.exposed.Store(true)
	return buffer, buffer.flat(), nil
}

func (b *Backend) newBuffer(device compute.DeviceNum, shape shapes.Shape) (*Buffer, error) {
	if b.IsFinalized() {
		return nil, errors.New("cpu backend: it was finalized")
	}
	if device != 0 {
		return nil, fmt.Errorf("cpu backend: device %d, want 0, the only one", device)
	}
	if !shape.Ok() || shape.IsDynamic() || shape.IsTuple() {
		return nil, fmt.Errorf("cpu backend: no buffer can have the shape %s", shape)
	}
	return &Buffer{backend: b, shape: shape.Clone(), mem: b.memory.take(byteSize(shape))}, nil
}
