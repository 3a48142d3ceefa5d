package cpu

import (
	"container/heap"
	"fmt"

	"github.com/gomlx/compute"
)

// body is a function on its way to a program: its own copy of the nodes that are needed, in an order in which they
// can run. Passes rewrite it.
type body struct {
	nodes      []*node
	parameters []*value
	results    []*value
}

// Operations that passes introduce.
const (
	opRelu         = compute.OpTypeLast + 1 + iota // max(x, 0)
	opLeakyRelu                                    // max(x, 0) + slope·min(x, 0): inputs x, slope
	opReluGrad                                     // dy where x ≥ 0, else 0: inputs dy, x
	opConv                                         // convolution with its epilogue
	opDot                                          // matrix product with its epilogue
	opBlock                                        // normalisation, activation and pooling
	opBlockGrad                                    // the gradient of opBlock
	opAdam                                         // a step of an optimizer
	opSquares                                      // the sum of all squares
	opL1                                           // weighted L1 distances between all rows: inputs a, b, w
	opL1Grad                                       // their gradient to a or b: inputs a, b, w, v
	opL1WeightGrad                                 // their gradient to w: inputs a, b, v
	opChain                                        // element-wise operations block by block
	opForeign                                      // nodes that the Go backend runs
)

// users lists the nodes that read each value; a result of the body has a nil user besides.
func (g *body) users() map[*value][]*node {
	users := map[*value][]*node{}
	for _, n := range g.nodes {
		for _, v := range n.inputs {
			users[v] = append(users[v], n)
		}
	}
	for _, v := range g.results {
		users[v] = append(users[v], nil)
	}
	return users
}

// redirect makes every reader of a value read its replacement, the replacements' own nodes too.
func (g *body) redirect(by map[*value]*value) {
	follow := func(values []*value) {
		for i, v := range values {
			for by[v] != nil {
				v = by[v]
			}
			values[i] = v
		}
	}
	for _, n := range g.nodes {
		follow(n.inputs)
	}
	for _, v := range by {
		follow(v.node.inputs)
	}
	follow(g.results)
}

// order drops dead nodes and puts the others in a legal order; among the nodes that can run next, the one of the
// lowest priority number comes first.
func (g *body) order(priority func(n *node) int) {
	waiting := map[*node]int{} // inputs still missing
	readers := map[*node][]*node{}
	ready := &queue{priority: priority}
	var visit func(n *node)
	visit = func(n *node) {
		if _, seen := waiting[n]; seen {
			return
		}
		waiting[n] = len(n.inputs)
		for _, v := range n.inputs {
			visit(v.node)
			readers[v.node] = append(readers[v.node], n)
		}
		if len(n.inputs) == 0 {
			heap.Push(ready, n)
		}
	}
	for _, v := range g.parameters {
		visit(v.node)
	}
	for _, v := range g.results {
		visit(v.node)
	}
	g.nodes = g.nodes[:0:0]
	for ready.Len() > 0 {
		n := heap.Pop(ready).(*node)
		g.nodes = append(g.nodes, n)
		for _, r := range readers[n] {
			if waiting[r]--; waiting[r] == 0 {
				heap.Push(ready, r)
			}
		}
	}
	if len(g.nodes) != len(waiting) {
		panic(fmt.Sprintf("%d nodes depend on each other in a circle", len(waiting)-len(g.nodes)))
	}
}

// queue is a heap of nodes by priority.
type queue struct {
	nodes    []*node
	priority func(n *node) int
}

func (q *queue) Len() int           { return len(q.nodes) }
func (q *queue) Less(i, j int) bool { return q.priority(q.nodes[i]) < q.priority(q.nodes[j]) }
func (q *queue) Swap(i, j int)      { q.nodes[i], q.nodes[j] = q.nodes[j], q.nodes[i] }
func (q *queue) Push(n any)         { q.nodes = append(q.nodes, n.(*node)) }

func (q *queue) Pop() any {
	last := len(q.nodes) - 1
	n := q.nodes[last]
	q.nodes = q.nodes[:last]
	return n
}

// asRecorded orders nodes as the function recorded them.
func asRecorded(n *node) int { return n.position }
