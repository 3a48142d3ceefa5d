package search

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/siam-go/siam/distance"
	"pgregory.net/rapid"
)

// numbered are keys of n vectors.
func numbered(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("key%06d", i)
	}
	return keys
}

// crowd is n vectors around n/5 centres.
func crowd(seed uint64, n, d int) []float32 {
	centres, v := gauss(seed, n/5+1, d, 0, 1), gauss(seed+1, n, d, 0, 0.2)
	rng := rand.New(rand.NewPCG(seed, 2))
	for i := range n {
		c := rng.IntN(n/5 + 1)
		for j := range d {
			v[i*d+j] += centres[c*d+j]
		}
	}
	return v
}

func graphOf(t testing.TB, by distance.Distance, d int, vectors []float32, o GraphOptions) *Graph {
	t.Helper()
	g, err := NewGraph(by, d, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Add(numbered(len(vectors)/d), vectors); err != nil {
		t.Fatal(err)
	}
	return g
}

func TestGraphFindsNearlyAllOnClusteredAndUniformVectors(t *testing.T) {
	const n, d = 4000, 24
	for name, vectors := range map[string][]float32{"clustered": crowd(1, n+100, d), "normal": gauss(3, n+100, d, 0, 1)} {
		for _, by := range []distance.Distance{distance.SquaredEuclidean(), distance.Cosine()} {
			g := graphOf(t, by, d, vectors[:n*d], GraphOptions{Seed: 1})
			hits, of, err := g.Recall(t.Context(), 10, rowsOf(vectors[n*d:], d)...)
			if err != nil || of != 1000 || hits < 980 {
				t.Errorf("%s, %s: found %d of %d, error %v, want 980 or more of 1000", name, by.Name, hits, of, err)
			}
			if lost := g.Unreachable(); len(lost) > 0 {
				t.Errorf("%s, %s: %d vectors cannot be reached", name, by.Name, len(lost))
			}
		}
	}
}

func TestWideningLeavesSearchesAsBroadAsTheyAreUntilItIsEnough(t *testing.T) {
	const n, d = 2000, 24
	vectors := gauss(3, n+50, d, 0, 1)
	g := graphOf(t, distance.SquaredEuclidean(), d, vectors[:n*d], GraphOptions{Links: 3, Breadth: 999, Seed: 1})
	probes := rowsOf(vectors[n*d:], d)
	var tried []int
	enough := func(hits, of int) bool {
		if g.Breadth() != 999 {
			t.Errorf("meanwhile the breadth is %d, want 999", g.Breadth())
		}
		tried = append(tried, hits)
		return 10*hits >= 9*of
	}
	if err := g.Widen(t.Context(), 10, 8, 1<<14, enough, probes...); err != nil {
		t.Fatal(err)
	}
	hits, of, err := g.Recall(t.Context(), 10, probes...)
	if err != nil || 10*hits < 9*of || hits != tried[len(tried)-1] || len(tried) < 2 || 10*tried[len(tried)-2] >= 9*of {
		t.Errorf("breadth %d finds %d of %d, %v; tried %v: want the first of which enough was found", g.Breadth(), hits, of, err, tried)
	}
	if err := g.Widen(t.Context(), 10, 8, 20, func(int, int) bool { return false }, probes...); err != nil || g.Breadth() != 16 {
		t.Errorf("what is never enough: breadth %d, %v, want the last below 20, 16", g.Breadth(), err)
	}
}

func TestGraphIsTheSameOnAnyNumberOfCores(t *testing.T) {
	const n, d = 1500, 16
	vectors := crowd(5, n, d)
	var files [2]bytes.Buffer
	for i, cores := range []int{1, 3} {
		func() {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
			g := graphOf(t, distance.Cosine(), d, vectors, GraphOptions{Seed: 7, Build: 40})
			g.Remove(numbered(n)[100:300]...)
			if err := g.Write(&files[i]); err != nil {
				t.Fatal(err)
			}
		}()
	}
	if !bytes.Equal(files[0].Bytes(), files[1].Bytes()) {
		t.Error("graphs made on 1 and on 3 cores differ")
	}
}

// After any sequence of changes nothing removed is found, all is reached, and the graph agrees with comparing one by one.
func TestGraphHoldsWhatItPromisesAfterAnyChanges(t *testing.T) {
	const d = 5
	rapid.Check(t, func(rt *rapid.T) {
		by := rapid.SampledFrom([]distance.Distance{distance.SquaredEuclidean(), distance.Cosine()}).Draw(rt, "distance")
		o := GraphOptions{Links: rapid.SampledFrom([]int{2, 3, 8}).Draw(rt, "links"), Build: 20, Breadth: 12, Seed: rapid.Uint64().Draw(rt, "seed")}
		g, err := NewGraph(by, d, o)
		if err != nil {
			rt.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "numbers"), 0))
		model := map[string][]float32{}
		random := func() []float32 {
			v := make([]float32, d)
			for j := range v {
				v[j] = float32(rng.IntN(7) - 3) // many are equal
			}
			return v
		}
		rt.Repeat(map[string]func(*rapid.T){
			"add and replace": func(rt *rapid.T) {
				n := rapid.IntRange(1, 40).Draw(rt, "vectors")
				var keys []string
				var vectors []float32
				for range n {
					if key := fmt.Sprint(rng.IntN(150)); !slices.Contains(keys, key) {
						v := random()
						keys, vectors, model[key] = append(keys, key), append(vectors, v...), v
					}
				}
				if err := g.Add(keys, vectors); err != nil {
					rt.Fatal(err)
				}
			},
			"remove": func(rt *rapid.T) {
				there := 0
				var keys []string
				for range rapid.IntRange(1, 60).Draw(rt, "keys") {
					key := fmt.Sprint(rng.IntN(150))
					if keys = append(keys, key); model[key] != nil {
						there++
						delete(model, key)
					}
				}
				if got := g.Remove(keys...); got != there {
					rt.Fatalf("Remove = %d, want %d", got, there)
				}
			},
			"write and read": func(rt *rapid.T) {
				var file bytes.Buffer
				if err := g.Write(&file); err != nil {
					rt.Fatal(err)
				}
				var keys []string
				var vectors []float32
				for key, v := range model {
					keys, vectors = append(keys, key), append(vectors, v...)
				}
				read, changed, err := ReadGraph(&file, by, d, keys, vectors)
				if err != nil || changed != 0 {
					rt.Fatalf("ReadGraph = %d changes, %v, want none", changed, err)
				}
				g = read
			},
			"": func(rt *rapid.T) { holds(rt, g, by, d, model, random()) },
		})
	})
}

func holds(rt *rapid.T, g *Graph, by distance.Distance, d int, model map[string][]float32, probe []float32) {
	if g.Len() != len(model) {
		rt.Fatalf("Len = %d, want %d", g.Len(), len(model))
	}
	if lost := g.Unreachable(); len(lost) > 0 {
		rt.Fatalf("%v of %d cannot be reached", lost, len(model))
	}
	const k = 10
	found, err := g.Nearest(rt.Context(), k, probe)
	if err != nil {
		rt.Fatal(err)
	}
	exact, err := g.Exact(rt.Context(), k, probe)
	if err != nil {
		rt.Fatal(err)
	}
	var want []float32
	for _, v := range model {
		want = append(want, by.Of(probe, v))
	}
	slices.Sort(want)
	if len(found[0]) != min(k, len(model)) || len(exact[0]) != len(found[0]) {
		rt.Fatalf("found %d, exactly %d, want %d", len(found[0]), len(exact[0]), min(k, len(model)))
	}
	for i, f := range found[0] {
		v, there := model[f.Key]
		if !there {
			rt.Fatalf("found %s, which was removed", f.Key)
		}
		if f.Distance != by.Of(probe, v) || i > 0 && f.Distance < found[0][i-1].Distance {
			rt.Fatalf("%s at %v, want %v and in order", f.Key, f.Distance, by.Of(probe, v))
		}
		if exact[0][i].Distance != want[i] {
			rt.Fatalf("the exact search's %d-th is at %v, want %v", i, exact[0][i].Distance, want[i])
		}
	}
}

func TestGraphRefusesWhatItCannotHold(t *testing.T) {
	g, _ := NewGraph(distance.SquaredEuclidean(), 2, GraphOptions{})
	for want, add := range map[string]func() error{
		`"a" holds NaN`:       func() error { return g.Add([]string{"a"}, []float32{0, float32(math.NaN())}) },
		"given twice":         func() error { return g.Add([]string{"a", "a"}, make([]float32, 4)) },
		"empty":               func() error { return g.Add([]string{""}, make([]float32, 2)) },
		"3 numbers":           func() error { return g.Add([]string{"a"}, make([]float32, 3)) },
		"longer than":         func() error { return g.Add([]string{"a"}, []float32{1e30, 0}) },
		"no approximate":      func() error { _, err := NewGraph(distance.L1(), 2, GraphOptions{}); return err },
		"want 2 to 256 links": func() error { _, err := NewGraph(distance.Cosine(), 2, GraphOptions{Links: 1}); return err },
		"probe 1 holds NaN":   func() error { _, err := g.Nearest(t.Context(), 1, []float32{0, float32(math.NaN())}); return err },
		"breadth -1":          func() error { return g.SetBreadth(-1) },
	} {
		if err := add(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	if g.Len() != 0 {
		t.Errorf("Len = %d after nothing could be added", g.Len())
	}
}
