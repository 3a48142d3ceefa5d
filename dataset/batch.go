package dataset

// Batch is what one training step sees: n images stacked as rows, and the tuples over those rows.
type Batch struct {
	Step       int       // which step of the training it is for
	Images     []float32 // [n, h, w, c], after Preprocess and augmentation; nil where there are Vectors
	N, H, W, C int
	Items      []int32 // [n], the row's index into Set.Items
	Labels     []int32 // [n], unique per class for the whole training
	Groups     []int32 // [n], the alphabet or group of each row; 0 when there is none
	// Pairs are row indices (i, j), and Same is 1 where their labels agree, 0 where not. Nil when the objective
	// makes its own tuples from Labels.
	Pairs [][2]int32
	Same  []float32
	// Vectors is [n, k], what an encoder of vectors reads in the place of images; nil where there are images.
	Vectors []float32
	// Old is [n, d], what an older model embedded the rows' items as; nil where there is none.
	Old []float32
}
