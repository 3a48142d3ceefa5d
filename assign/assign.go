// Package assign solves the assignment problem: which rows go with which columns, so that the sum of the costs is least. Trackers
// pair tracks with detections by it, and evaluators pair tracks with the truth.
package assign

import (
	"fmt"
	"math"
)

// Solver keeps its memory from one problem to the next. The zero value is ready. It is not for several goroutines at once.
type Solver struct {
	start    []int // of each row's edges in edges; one more than rows
	edges    []edge
	rowTo    []int // column of each row, or -1
	colTo    []int // row of each column, or -1
	u, v     []float64
	distance []float64 // of columns, from the row that looks for one
	from     []int     // row before each column on the shortest path
	seen     []int     // the last search that reached each column
	done     []bool    // whether that search went on from it
	reached  []int     // columns of this search
	search   int
	limit    float64
	best     edge // of the current row
}

// edge is a pair that may be matched.
type edge struct {
	col  int
	cost float64
}

// Solve pairs rows with columns of the matrix cost, [rows, cols] row by row, each at most once, such that
//
//	Σ cost over the pairs + limit · rows without a pair
//
// is least. So a pair that costs limit or more is never made, nor one of cost +Inf or NaN. Where as many pairs as possible
// are wanted, let limit be above the sum of all costs. The result, column of each row or -1, is the solver's until the next call.
//
// It is the method of shortest augmenting paths (R. Jonker, A. Volgenant, "A shortest augmenting path algorithm for dense and sparse
// linear assignment problems", 1987) over pairs below the limit only: rows³ steps at most, far fewer when most pairs are gated.
// It panics when cost has another size.
func (s *Solver) Solve(cost []float64, rows, cols int, limit float64) []int {
	if len(cost) != rows*cols {
		panic(fmt.Sprintf("assign: Solve of %d costs, want %d×%d", len(cost), rows, cols))
	}
	s.Begin(rows, cols, limit)
	for row := range rows {
		for col, c := range cost[row*cols : (row+1)*cols] {
			s.Offer(col, c)
		}
		s.EndRow()
	}
	return s.End()
}

// Begin begins a problem whose pairs come one by one: for each row in turn [Solver.Offer] for the columns that it may go with, and then
// [Solver.EndRow]; [Solver.End] solves it. What it does is as for [Solver.Solve], without a matrix.
func (s *Solver) Begin(rows, cols int, limit float64) {
	s.reset(rows, cols)
	s.limit = limit
	s.best = edge{-1, limit}
}

// Offer says what the current row with a column costs, at most once for each.
func (s *Solver) Offer(col int, cost float64) {
	if cost < s.limit {
		s.edges = append(s.edges, edge{col, cost})
		if cost < s.best.cost {
			s.best = edge{col, cost}
		}
	}
}

// EndRow ends the current row. It gets its cheapest column for now, where no row before has it.
func (s *Solver) EndRow() {
	row := len(s.start) - 1
	s.start = append(s.start, len(s.edges))
	s.u[row] = s.best.cost
	if col := s.best.col; col >= 0 && s.colTo[col] < 0 {
		s.rowTo[row], s.colTo[col] = col, row
	}
	s.best = edge{-1, s.limit}
}

// End solves the problem: the column of each row or -1, the solver's until the next one.
func (s *Solver) End() []int {
	limit := s.limit
	for row := range s.rowTo {
		if s.rowTo[row] < 0 && s.start[row] < s.start[row+1] {
			s.augment(row, limit)
		}
	}
	return s.rowTo
}

// Solve is [Solver.Solve] with memory of its own.
func Solve(cost []float64, rows, cols int, limit float64) []int {
	return new(Solver).Solve(cost, rows, cols, limit)
}

func (s *Solver) reset(rows, cols int) {
	s.start = append(s.start[:0], 0)
	s.edges = s.edges[:0]
	s.rowTo = filled(s.rowTo, rows, -1)
	s.colTo = filled(s.colTo, cols, -1)
	s.u = filled(s.u, rows, 0)
	s.v = filled(s.v, cols, 0)
	s.distance = filled(s.distance, cols, 0)
	s.from = filled(s.from, cols, 0)
	s.seen = filled(s.seen, cols, 0)
	s.done = filled(s.done, cols, false)
	s.search = 0
}

func filled[T any](to []T, n int, with T) []T {
	if cap(to) < n {
		to = make([]T, n)
	}
	to = to[:n]
	for i := range to {
		to[i] = with
	}
	return to
}

// augment finds the cheapest way to give source a column, through rows that change theirs, up to a column that is free or to a row
// that is better off without. u and v stay such that cost − u − v ≥ 0, and = 0 for pairs.
func (s *Solver) augment(source int, limit float64) {
	s.search++
	s.reached = s.reached[:0]
	row, far := source, 0.0
	least, last := math.Inf(1), source // the way that ends with a row without a column
	for {
		if without := far + limit - s.u[row]; without < least {
			least, last = without, row
		}
		s.relax(row, far)
		col := s.nearest()
		if col < 0 || s.distance[col] >= least {
			s.update(source, least)
			s.swap(source, s.drop(last))
			return
		}
		if s.colTo[col] < 0 {
			s.update(source, s.distance[col])
			s.swap(source, col)
			return
		}
		s.done[col] = true
		row, far = s.colTo[col], s.distance[col]
	}
}

// relax looks at the columns next to a row.
func (s *Solver) relax(row int, far float64) {
	for _, e := range s.edges[s.start[row]:s.start[row+1]] {
		d := far + e.cost - s.u[row] - s.v[e.col]
		switch {
		case s.seen[e.col] != s.search:
			s.seen[e.col], s.done[e.col] = s.search, false
			s.reached = append(s.reached, e.col)
		case s.done[e.col] || d >= s.distance[e.col]:
			continue
		}
		s.distance[e.col], s.from[e.col] = d, row
	}
}

// nearest is the nearest column that the search has not gone on from, or -1.
func (s *Solver) nearest() int {
	best, at := math.Inf(1), -1
	for _, col := range s.reached {
		if !s.done[col] && s.distance[col] < best {
			best, at = s.distance[col], col
		}
	}
	return at
}

func (s *Solver) update(source int, total float64) {
	s.u[source] += total
	for _, col := range s.reached {
		if s.done[col] {
			s.u[s.colTo[col]] += total - s.distance[col]
			s.v[col] -= total - s.distance[col]
		}
	}
}

// drop takes a row's column from it, and returns that.
func (s *Solver) drop(row int) int {
	col := s.rowTo[row]
	s.rowTo[row] = -1
	return col
}

// swap moves each row on the way from source to col, which is free now, to the column after it.
func (s *Solver) swap(source, col int) {
	for col >= 0 {
		row := s.from[col]
		next := s.rowTo[row]
		s.rowTo[row], s.colTo[col] = col, row
		if row == source {
			return
		}
		col = next
	}
}
