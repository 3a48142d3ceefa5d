package imgproc

// Preprocess says how an [Image] becomes one row of an encoder's input. A model file stores it, so that every use of a model
// prepares its images alike.
type Preprocess struct {
	Height   int `json:"height"`   // of the input, pixels
	Width    int `json:"width"`    // of the input, pixels
	Channels int `json:"channels"` // 1 (grey) or 3 (RGB)
	// Invert makes ink 1 and paper 0: value 1-v before Mean and Std.
	Invert bool `json:"invert,omitempty"`
	// Mean and Std, per channel in [0, 1] units, give (v-mean)/std; empty means 0 and 1.
	Mean []float32 `json:"mean,omitempty"`
	Std  []float32 `json:"std,omitempty"`
}
