package metric

import . "github.com/gomlx/gomlx/core/graph"

// Batch is what an objective is applied to.
type Batch struct {
	Embeddings *Node // [n, d]
	Labels     *Node // [n] int32
	// Positives [n, w] int32 lists all others of each row's label by row, filled up with −1, as [Positives] does; nil is allowed.
	// With it n·w·n triplets are looked at instead of n·n·n, which matters from some hundred rows on.
	Positives *Node
}

// Positives lists for each of n labels the rows of its likes, filled up with −1 to the same number of them, a power of two so
// that few shapes occur. The list has n times as many entries.
func Positives(labels []int32) []int32 {
	rows := make(map[int32][]int32)
	most := 1
	for i, label := range labels {
		rows[label] = append(rows[label], int32(i))
		most = max(most, len(rows[label])-1)
	}
	width := 1
	for width < most {
		width *= 2
	}
	list := make([]int32, 0, len(labels)*width)
	for i, label := range labels {
		end := len(list) + width
		for _, row := range rows[label] {
			if row != int32(i) {
				list = append(list, row)
			}
		}
		for len(list) < end {
			list = append(list, -1)
		}
	}
	return list
}
