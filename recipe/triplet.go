package recipe

// Triplet is the best small recipe found for one-shot recognition.
func Triplet() Recipe {
	return Recipe{
		Name:    "oneshot-triplet",
		Summary: "a small residual network that learns from look-alike characters of the same alphabet",
		Settings: Settings{
			Encoder: "resnet", Size: 48, Dim: 128, Widths: []int{32, 96, 192}, MaxPool: true, Ink: 0.86,
			Objective: "supcon",
			Alphabets: 2, Characters: 16, Drawings: 4,
			Distort: "light", Turns: true, Invented: 100, RealShare: 0.7,
			Steps: 4300, Optimizer: "adamw", Rate: 3e-3, Decay: 0.05, Average: 0.998, Whiten: 0.3,
			Validation: 3, Every: 500, Trials: 1000,
		},
	}
}
