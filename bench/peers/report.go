package main

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/siam-go/siam/bench"
)

// comparison is what all rounds measured.
type comparison struct {
	settings   settings
	limit      float64 // float32, GFLOP/s
	loadBefore string
	measured   map[mode][]result
}

// quantity is a row of the table for each net and precision.
type quantity struct {
	name    string
	of      func(result) float64
	against func(siam, plain, last float64) float64
	flops   func(net string) float64 // of one, nil where it says nothing
}

func quantities() []quantity {
	faster := func(siam, plain, last float64) float64 { return siam / max(plain, last) }
	sooner := func(siam, plain, last float64) float64 { return min(plain, last) / siam }
	larger := func(siam, plain, last float64) float64 { return siam / min(plain, last) }
	return []quantity{
		{"training, pairs/s", func(r result) float64 { return r.TrainPairs }, faster,
			func(net string) float64 { return bench.TrainingFLOPs(layers(net, 2)) }},
		{"embedding, images/s", func(r result) float64 { return r.EmbedImages }, faster,
			func(net string) float64 { return bench.ForwardFLOPs(layers(net, 1)) }},
		{"one image, µs", func(r result) float64 { return r.LatencyMicros }, sooner, nil},
		{"peak memory, MiB", func(r result) float64 { return r.PeakMemory / (1 << 20) }, larger, nil},
	}
}

// layers are the products of a net on n images.
func layers(net string, n int) []bench.Layer {
	switch net {
	case "koch":
		return bench.Koch(n)
	case "faces":
		return bench.Faces(n)
	}
	return bench.Conv4(n)
}

// markdown is the table, with what was measured how.
func (c comparison) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", c.caption())
	b.WriteString("| | precision | Siam | PyTorch | PyTorch, channels last | against the better | share of the limit |\n")
	b.WriteString("|---|---|---:|---:|---:|---:|---:|\n")
	for _, net := range c.settings.nets {
		for _, q := range quantities() {
			for _, precision := range []string{"fp32", "bf16"} {
				if c.measured[mode{net, precision, ours}] != nil {
					b.WriteString(c.row(net, precision, q))
				}
			}
		}
	}
	b.WriteString("\nMedians over the rounds. “Against the better” is how many times as fast as PyTorch in its better layout, or how many times its memory. " +
		"The limit is what all threads reach when they only multiply and add float32; the share counts the multiplications and additions of direct products without those of padding, so minimal filtering, which needs fewer, and bf16 can go above 100 %.\n")
	return b.String()
}

func (c comparison) caption() string {
	var siam, theirs result
	for m, results := range c.measured {
		if m.layout == ours {
			siam = results[0]
		} else {
			theirs = results[0]
		}
	}
	return fmt.Sprintf("`make bench-peers`, %s: %s, %d threads, %s; float32 limit %.0f GFLOP/s. Siam at commit %s, %s; %s. %d rounds; load average %s before, %s after.",
		time.Now().Format(time.DateOnly), bench.Processor(), c.settings.threads, siam.InstructionSet, c.limit, bench.Commit(), runtime.Version(), theirs.Engine,
		c.settings.rounds, c.loadBefore, bench.Load())
}

func (c comparison) row(net, precision string, q quantity) string {
	siam := c.median(mode{net, precision, ours}, q)
	plain, last := c.median(mode{net, precision, "plain"}, q), c.median(mode{net, precision, "channels_last"}, q)
	share := ""
	if q.flops != nil {
		share = fmt.Sprintf("%.0f %%", 100*siam*q.flops(net)/1e9/c.limit)
	}
	return fmt.Sprintf("| %s, %s | %s | %s | %s | %s | %.2f × | %s |\n", title(net), q.name, precision, digits(siam), digits(plain), digits(last), q.against(siam, plain, last), share)
}

func (c comparison) median(m mode, q quantity) float64 {
	var values []float64
	for _, r := range c.measured[m] {
		values = append(values, q.of(r))
	}
	return bench.Median(values)
}

// digits shows a number with three digits, or all of those before the point.
func digits(x float64) string {
	switch {
	case x < 10:
		return fmt.Sprintf("%.2f", x)
	case x < 100:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.0f", x)
}

func title(net string) string { return strings.ToUpper(net[:1]) + net[1:] }
