package track

import (
	"container/heap"
	"math"
)

// Network is what all detections of a video may be to each other, as costs: a track costs its entry, its detections, the links between
// them and its exit, and the tracks that cost least in all are looked for (L. Zhang, Y. Li, R. Nevatia, "Global data association for multi-object
// tracking using network flows", 2008; the linear program of L. Leal-Taixé et al., "Learning by tracking", 2016).
type Network struct {
	Cost        []float64 // of each detection; below 0 where it is more likely right than wrong
	Enter, Exit float64   // of a track
	Links       []Link
}

// Link says that the detection To may be the next of a track after From, which has a lower number.
type Link struct {
	From, To int
	Cost     float64
}

// arc is one direction of an edge in the residual network; its way back is the arc at index ^ 1.
type arc struct {
	to   int
	cost float64
	free bool // whether flow may go along
}

// flow is the residual network. Detection i is the arc from node 2i to node 2i+1.
type flow struct {
	arcs         []arc
	from         [][]int // arcs of each node
	source, sink int
	potential    []float64
	distance     []float64
	by           []int // the arc that reached each node
	queue        nodes
}

// Solve returns the tracks that cost least in all, each a list of rising detections, and what they cost. It sends one track after the other
// along the shortest path of the residual network, while that costs less than nothing (successive shortest paths with potentials): the
// optimum of the linear program, which is whole by itself.
func (n Network) Solve() (tracks [][]int, cost float64) {
	f := n.flow()
	f.order()
	for {
		reached := f.shortest()
		if !reached || f.potential[f.sink]-f.potential[f.source] >= -1e-9 {
			break
		}
		cost += f.send()
	}
	return f.tracks(len(n.Cost)), cost
}

func (n Network) flow() *flow {
	f := &flow{source: 2 * len(n.Cost), sink: 2*len(n.Cost) + 1}
	f.from = make([][]int, f.sink+1)
	f.potential, f.distance, f.by = make([]float64, f.sink+1), make([]float64, f.sink+1), make([]int, f.sink+1)
	f.arcs = make([]arc, 0, 2*(3*len(n.Cost)+len(n.Links)))
	for i, c := range n.Cost {
		f.add(2*i, 2*i+1, c)
		f.add(f.source, 2*i, n.Enter)
		f.add(2*i+1, f.sink, n.Exit)
	}
	for _, l := range n.Links {
		if l.From >= l.To {
			panic("track: a link leads back in time")
		}
		f.add(2*l.From+1, 2*l.To, l.Cost)
	}
	return f
}

func (f *flow) add(from, to int, cost float64) {
	f.from[from] = append(f.from[from], len(f.arcs))
	f.arcs = append(f.arcs, arc{to, cost, true})
	f.from[to] = append(f.from[to], len(f.arcs))
	f.arcs = append(f.arcs, arc{from, -cost, false})
}

// order makes the distances from the source potentials: nodes are in the order of their numbers, the source before all.
func (f *flow) order() {
	for v := range f.potential {
		f.potential[v] = math.Inf(1)
	}
	f.potential[f.source] = 0
	relax := func(v int) {
		for _, a := range f.from[v] {
			if arc := f.arcs[a]; arc.free {
				f.potential[arc.to] = min(f.potential[arc.to], f.potential[v]+arc.cost)
			}
		}
	}
	relax(f.source)
	for v := range f.source {
		relax(v)
	}
}

// shortest finds the nearest way to the sink (E. Dijkstra, 1959) on costs that potentials make no less than 0, and brings the potentials up to date.
func (f *flow) shortest() bool {
	for v := range f.distance {
		f.distance[v], f.by[v] = math.Inf(1), -1
	}
	f.distance[f.source] = 0
	f.queue = append(f.queue[:0], node{f.source, 0})
	for len(f.queue) > 0 {
		at := heap.Pop(&f.queue).(node)
		if at.distance > f.distance[at.v] {
			continue
		}
		if at.v == f.sink {
			break
		}
		for _, a := range f.from[at.v] {
			arc := f.arcs[a]
			if !arc.free {
				continue
			}
			d := at.distance + max(arc.cost+f.potential[at.v]-f.potential[arc.to], 0)
			if d < f.distance[arc.to] {
				f.distance[arc.to], f.by[arc.to] = d, a
				heap.Push(&f.queue, node{arc.to, d})
			}
		}
	}
	if math.IsInf(f.distance[f.sink], 1) {
		return false
	}
	for v := range f.potential {
		f.potential[v] += min(f.distance[v], f.distance[f.sink])
	}
	return true
}

// send turns round the arcs of the way that was found, and returns its cost.
func (f *flow) send() (cost float64) {
	for v := f.sink; v != f.source; {
		a := f.by[v]
		f.arcs[a].free, f.arcs[a^1].free = false, true
		cost += f.arcs[a].cost
		v = f.arcs[a^1].to
	}
	return cost
}

// tracks follows the flow from each detection that one begins with.
func (f *flow) tracks(n int) (all [][]int) {
	next := func(v int) int { // the node that flow goes to from v
		for _, a := range f.from[v] {
			if a&1 == 0 && !f.arcs[a].free {
				return f.arcs[a].to
			}
		}
		return f.sink
	}
	for _, a := range f.from[f.source] {
		if f.arcs[a].free {
			continue
		}
		var one []int
		for v := f.arcs[a].to; v != f.sink; v = next(v + 1) {
			one = append(one, v/2)
		}
		all = append(all, one)
	}
	return all
}

// node is a node that the search reached.
type node struct {
	v        int
	distance float64
}

// nodes is a heap of nodes, the nearest first.
type nodes []node

func (q nodes) Len() int           { return len(q) }
func (q nodes) Less(i, j int) bool { return q[i].distance < q[j].distance }
func (q nodes) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *nodes) Push(x any)        { *q = append(*q, x.(node)) }
func (q *nodes) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}
