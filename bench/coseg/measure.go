package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"time"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/siam-go/siam/coseg"
	"github.com/siam-go/siam/cpu"
)

// work is what both engines do.
type work struct {
	name, text string
	inputs     [][]int
	declare    func(compute.Backend, *model.Store) error
	build      func(scope *model.Scope, in []*Node) []*Node
}

// published is the network of 512 pixels.
func published() coseg.Network {
	spec, err := coseg.NewSpec(coseg.DOCS, 0)
	if err != nil {
		panic(err) // its own settings
	}
	return coseg.Network{Spec: spec}
}

// forward is one pair through the network, each image compared with the other.
var forward = work{
	name: "forward", text: "the published network, one pair of 512×512 pixels forward", inputs: [][]int{{2, 512, 512, 3}},
	declare: coseg.Pairs{Network: published()}.Declare,
	build: func(scope *model.Scope, in []*Node) []*Node {
		a := published().Encode(scope, in[0])[0]
		b := Concatenate([]*Node{Slice(a, AxisRange(1)), Slice(a, AxisRange(0, 1))}, 0)
		return []*Node{published().Compare(scope, []*Node{a}, []*Node{b})}
	},
}

// correlation is the layer with its gradients.
var correlation = work{
	name: "correlation", text: "correlation of 16×16×1024 up to 15 places, forward and backward", inputs: [][]int{{1, 16, 16, 1024}, {1, 16, 16, 1024}, {1, 16, 16, 961}},
	declare: func(compute.Backend, *model.Store) error { return nil },
	build: func(_ *model.Scope, in []*Node) []*Node {
		c := coseg.Correlation(in[0], in[1], 15)
		return append([]*Node{c}, Gradient(ReduceAllSum(Mul(c, in[2])), in[0], in[1])...)
	},
}

// engine does a work here.
type engine struct {
	backend compute.Backend
	exec    *model.Exec
	inputs  []*tensors.Tensor
}

func newEngine(s settings, w work) (*engine, error) {
	backend, err := cpu.New(cpu.Options{Threads: s.threads})
	if err != nil {
		return nil, err
	}
	store := model.NewStore()
	if err := w.declare(backend, store); err != nil {
		return nil, err
	}
	e := &engine{backend: backend}
	for _, shape := range w.inputs {
		e.inputs = append(e.inputs, tensors.FromFlatDataAndDimensions(waves(shape), shape...))
	}
	e.exec, err = model.NewExec(backend, store, func(scope *model.Scope, in []*Node) []*Node { return w.build(scope, in) })
	return e, err
}

// waves are numbers of a tensor.
func waves(shape []int) []float32 {
	size := 1
	for _, dim := range shape {
		size *= dim
	}
	values := make([]float32, size)
	for i := range values {
		values[i] = float32(math.Sin(0.7 * float64(i)))
	}
	return values
}

// run is how many seconds it takes to do the work once.
func (e *engine) run() (float64, error) {
	start := time.Now()
	outputs, err := e.exec.Call(e.inputs)
	took := time.Since(start).Seconds()
	for _, out := range outputs {
		out.MustFinalizeAll()
	}
	return took, err
}

// row is what was measured, in seconds.
type row struct {
	name                 string
	ours, plain, lasting float64
}

func (r row) times() float64 { return min(r.plain, r.lasting) / r.ours }

func (r row) String() string {
	return fmt.Sprintf("%s: %.4f s; PyTorch %.4f s, channels last %.4f s: %.2f times as fast", r.name, r.ours, r.plain, r.lasting, r.times())
}

func (r row) markdown(w work) string {
	return fmt.Sprintf("| %s | %.4g s | %.4g s | %.4g s | **%.2f ×** |\n", w.text, r.ours, r.plain, r.lasting, r.times())
}

// measure gives both engines their turns, of about a third of a second or one run.
func measure(ctx context.Context, s settings, w work) (row, error) {
	r := row{name: w.name, ours: math.Inf(1), plain: math.Inf(1), lasting: math.Inf(1)}
	there, err := startPython(ctx, s, w) // it warms up meanwhile
	if err != nil {
		return r, err
	}
	defer there.stop()
	here, err := newEngine(s, w)
	if err != nil {
		return r, err
	}
	defer here.backend.Finalize()
	first, err := here.run()
	if err != nil {
		return r, err
	}
	if s.account {
		sums := here.backend.(*cpu.Backend).Account()
		defer func() { say(sums()) }()
	}
	for range s.turns {
		for range max(1, min(50, int(0.3/first))) {
			took, err := here.run()
			if err != nil {
				return r, err
			}
			r.ours, first = min(r.ours, took), min(first, took)
		}
		plain, lasting, err := there.run(max(1, min(50, int(0.3/first))))
		if err != nil {
			return r, err
		}
		r.plain, r.lasting = min(r.plain, plain), min(r.lasting, lasting)
	}
	return r, nil
}

// say prints what operations took, the longest first.
func say(sums map[string]time.Duration) {
	for _, name := range slices.SortedFunc(maps.Keys(sums), func(x, y string) int { return cmp.Compare(sums[y], sums[x]) }) {
		fmt.Fprintf(os.Stderr, "%10.1f ms %s\n", sums[name].Seconds()*1e3, name)
	}
}

// process is torch_docs.py at work.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startPython(ctx context.Context, s settings, w work) (*process, error) {
	cmd := exec.CommandContext(ctx, s.python, "bench/coseg/torch_docs.py", w.name, strconv.Itoa(s.threads))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start PyTorch (apt-get install python3-torch libopenblas0-openmp, or -python FILE): %w", err)
	}
	return &process{cmd: cmd, in: in, out: bufio.NewReader(out)}, nil
}

// run is the fastest of some runs in each layout, in seconds.
func (p *process) run(count int) (plain, lasting float64, err error) {
	if _, err := fmt.Fprintln(p.in, count); err != nil {
		return 0, 0, fmt.Errorf("ask PyTorch: %w", err)
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return 0, 0, fmt.Errorf("read the times of PyTorch: %w", err)
	}
	var seconds [2]float64
	err = json.Unmarshal(line, &seconds)
	return seconds[0], seconds[1], err
}

func (p *process) stop() {
	p.in.Close()
	p.cmd.Wait()
}
