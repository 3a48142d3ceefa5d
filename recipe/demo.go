package recipe

// Demo is the recipe of siam demo: small enough to train while one watches.
func Demo() Recipe {
	r := Triplet()
	r.Name = "demo"
	r.Summary = "a small network on invented alphabets, trained while one watches"
	s := &r.Settings
	s.Size = 28
	s.Widths = []int{32, 64}
	s.Dim = 64
	s.Data = Characters{Alphabets: 2, Characters: 16, Drawings: 4, Ink: 0.86}
	s.Steps, s.Every, s.Trials = 600, 100, 500
	s.Average = 0.99
	s.Validation = 4
	return r
}
