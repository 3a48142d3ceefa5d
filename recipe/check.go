package recipe

import "fmt"

// Check reports the first setting that no training can have, such as every=0. What depends on the data is found by
// [Recipe.Train].
func (s Settings) Check() error {
	if err := s.checkNumbers(); err != nil {
		return err
	}
	if _, err := s.encoderSpec(); err != nil {
		return err
	}
	if _, err := s.objective(1); err != nil {
		return err
	}
	if _, err := s.augment(); err != nil {
		return err
	}
	_, err := s.optimizer()
	return err
}

// checkNumbers compares each number with the range it may have. NaN is in no range.
func (s Settings) checkNumbers() error {
	classes := s.Objective != "pairs"
	alphabets := classes && !s.Identities
	for _, rule := range []struct {
		name  string
		value any
		fine  bool
		want  string
	}{
		{"size", s.Size, s.Size >= 0, "0 or more"},
		{"height", s.Height, s.Height >= 0, "0 or more"},
		{"dim", s.Dim, s.Dim >= 0, "0 or more"},
		{"blocks", s.Blocks, s.Blocks >= 0, "0 or more"},
		{"dropout", s.Dropout, s.Dropout >= 0 && s.Dropout < 1, "0 or more and less than 1"},
		{"memory", s.Memory, s.Memory >= 0, "0 or more"},
		{"pairs", s.Pairs, s.Pairs >= 1 || classes, "1 or more"},
		{"pool", s.Pool, s.Pool >= 0, "0 or more"},
		{"alphabets", s.Alphabets, s.Alphabets >= 0, "0 or more"},
		{"characters", s.Characters, s.Characters >= 2 || !alphabets, "2 or more"},
		{"drawings", s.Drawings, s.Drawings >= 2 || !alphabets, "2 or more"},
		{"people", s.People, s.People >= 2 || !s.Identities, "2 or more"},
		{"photos", s.Photos, s.Photos >= 1 || !s.Identities, "1 or more"},
		{"negatives", s.Negatives, s.Negatives >= 0, "0 or more"},
		{"least", s.Least, s.Least >= 0, "0 or more"},
		{"tail", s.Tail, s.Tail >= 0 && s.Tail <= 1, "0 to 1"},
		{"refresh", s.Refresh, s.Refresh >= 0, "0 or more"},
		{"hard", s.Hard, s.Hard >= 0 && s.Hard <= 1, "0 to 1"},
		{"together", s.Together, s.Together >= 0, "0 or more"},
		{"ink", s.Ink, s.Ink >= 0 && s.Ink <= 1, "0 to 1"},
		{"whiten", s.Whiten, s.Whiten >= 0 && (s.Whiten == 0 || classes), "0 or more, and 0 for pairs"},
		{"invented", s.Invented, s.Invented >= 0 && s.Invented <= 1000, "0 to 1000"},
		{"real_share", s.RealShare, s.RealShare >= 0 && s.RealShare <= 1, "0 to 1"},
		{"steps", s.Steps, s.Steps >= 1, "1 or more"},
		{"optimizer", s.Optimizer, s.Optimizer != "sgd" || !classes, "adam or adamw, as sgd comes with rates for the layers of objective=pairs"},
		{"rate", s.Rate, s.Rate > 0, "more than 0"},
		{"proxy_rate", s.ProxyRate, s.ProxyRate >= 0, "0 or more"},
		{"decay", s.Decay, s.Decay >= 0, "0 or more"},
		{"average", s.Average, s.Average >= 0 && s.Average < 1, "0 or more and less than 1"},
		{"validation", s.Validation, s.Validation >= 1, "1 or more"},
		{"drawers", s.Drawers, s.Drawers >= 0, "0 or more"},
		{"every", s.Every, s.Every >= 1, "1 or more"},
		{"patience", s.Patience, s.Patience >= 0, "0 or more"},
		{"trials", s.Trials, s.Trials >= 1, "1 or more"},
	} {
		if !rule.fine {
			return fmt.Errorf("setting %s=%v: want %s", rule.name, rule.value, rule.want)
		}
	}
	return nil
}
