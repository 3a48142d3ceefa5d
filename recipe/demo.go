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

// DemoStreet is the recipe of the encoder that siam demo tracks with: it tells figures of invented streets by their clothes, after seconds.
func DemoStreet() Recipe {
	r := Things()
	r.Name = "demo-street"
	r.Summary = "a small network on the figures of invented streets, trained in seconds"
	s := &r.Settings
	s.Size, s.Height, s.Dim, s.Widths = 16, 32, 32, []int{16, 32}
	s.Mirror, s.Distort = false, "light"
	s.Data = Identities{Colour: true, People: 16, Photos: 4}
	s.Steps, s.Every, s.Trials = 150, 50, 500
	s.Average = 0.95
	s.Validation = 12
	return r
}

// DemoCoseg is the recipe of the network of co-segmentation that siam demo trains: on pairs of the generated world alone, for half a minute.
func DemoCoseg() Recipe {
	r := CosegSmall()
	r.Name = "demo-coseg"
	r.Summary = "a small network on pairs of invented pictures, trained in half a minute"
	s := &r.Settings
	s.Size = 64
	data := s.Data.(Shared)
	data.Generated, data.Correlated, data.Out = 1, 3, 0
	data.Negatives, data.Overlap, data.Likeness = 0.2, 1, 0 // so few steps find objects before they compare them
	s.Data = data
	s.Steps, s.Every, s.Rate = 120, 120, 3e-3
	return r
}
