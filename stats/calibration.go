package stats

// CalibrationBin compares what was promised with what happened, for the predictions that fall into one range.
type CalibrationBin struct {
	Low, High float64  // predictions in [Low, High), the last bin [Low, 1]
	Predicted float64  // mean prediction
	Observed  Estimate // fraction that happened, with Wilson's interval; Observed.N predictions fell in
}

// CalibrationCurve sorts predicted probabilities, in [0, 1], into bins of equal width and compares each bin's mean with the
// fraction that happened. A calibrated predictor has Predicted = Observed. Values outside [0, 1] count in the end bins.
// It panics when the lengths differ.
func CalibrationCurve(predicted []float64, happened []bool, bins int) []CalibrationBin {
	mustMatch("CalibrationCurve", len(predicted), len(happened))
	sum, events, count := make([]float64, bins), make([]int, bins), make([]int, bins)
	for i, p := range predicted {
		b := min(max(int(p*float64(bins)), 0), bins-1)
		sum[b] += p
		count[b]++
		if happened[i] {
			events[b]++
		}
	}
	curve := make([]CalibrationBin, bins)
	for b := range curve {
		curve[b] = CalibrationBin{
			Low:       float64(b) / float64(bins),
			High:      float64(b+1) / float64(bins),
			Predicted: sum[b] / float64(max(count[b], 1)),
			Observed:  Rate(events[b], count[b]),
		}
	}
	return curve
}

// CalibrationError returns the expected calibration error: the gap between promise and outcome, averaged over the
// predictions.
//
//	Σ_bins n_bin/n · |Predicted - Observed|
func CalibrationError(curve []CalibrationBin) float64 {
	sum, n := 0.0, 0
	for _, bin := range curve {
		sum += float64(bin.Observed.N) * max(bin.Predicted-bin.Observed.Value, bin.Observed.Value-bin.Predicted)
		n += bin.Observed.N
	}
	return sum / float64(max(n, 1))
}

// Brier returns the mean squared difference of a predicted probability and what happened (1 or 0); 0 is perfect, and 1/4 is
// what "always one half" gets. It panics when the lengths differ.
func Brier(predicted []float64, happened []bool) float64 {
	mustMatch("Brier", len(predicted), len(happened))
	sum := 0.0
	for i, p := range predicted {
		if happened[i] {
			p--
		}
		sum += p * p
	}
	return sum / float64(max(len(predicted), 1))
}
