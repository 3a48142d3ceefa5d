package dataset

// Sampler picks the examples of each step. What it picks depends on its settings and the step alone, so a training resumes
// exactly when it knows the next step, and any number of workers may call it at once.
type Sampler interface {
	Sample(step int) Sample
}

// Sample is the examples of one step: rows by their index into Set.Items, and the tuples over those rows if the sampler
// makes any.
type Sample struct {
	Items []int32
	Pairs [][2]int32
	Same  []float32
}

// InOrder goes through a set once, Batch items a step; the last step may have fewer. It serves to embed a whole set.
type InOrder struct {
	Items, Batch int
}

// Steps is how many batches the set makes.
func (o InOrder) Steps() int { return (o.Items + o.Batch - 1) / o.Batch }

// Sample is items step·Batch and on.
func (o InOrder) Sample(step int) Sample {
	first := step * o.Batch
	s := Sample{Items: make([]int32, max(0, min(o.Batch, o.Items-first)))}
	for i := range s.Items {
		s.Items[i] = int32(first + i)
	}
	return s
}
