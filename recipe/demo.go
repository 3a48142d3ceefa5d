package recipe

// Demo is the recipe of siam demo: small enough to train while one watches.
func Demo() Recipe {
	r := Triplet()
	r.Name = "demo"
	r.Summary = "a small network on invented alphabets, trained while one watches"
	r.Settings.Size = 28
	r.Settings.Widths = []int{32, 64}
	r.Settings.Dim = 64
	r.Settings.Turns, r.Settings.Invented, r.Settings.RealShare = false, 0, 0
	r.Settings.Steps, r.Settings.Every, r.Settings.Trials = 600, 100, 500
	r.Settings.Average = 0.99
	r.Settings.Validation = 4
	return r
}
