package imgproc

import "encoding/binary"

// exifTurn gives the turn that sets a JPEG upright: tag 0x0112 of the first directory in its EXIF segment. Anything
// missing or odd means upright already.
func exifTurn(jpeg []byte) Turn {
	exif := exifSegment(jpeg)
	if len(exif) < 8 {
		return Upright
	}
	var order binary.ByteOrder = binary.LittleEndian
	if exif[0] == 'M' {
		order = binary.BigEndian
	}
	at := int(order.Uint32(exif[4:]))
	if at < 8 || at > len(exif)-2 {
		return Upright
	}
	entries := int(order.Uint16(exif[at:]))
	for i := range entries {
		entry := at + 2 + 12*i
		if entry+12 > len(exif) {
			return Upright
		}
		if order.Uint16(exif[entry:]) == 0x0112 {
			return orientationTurn(order.Uint16(exif[entry+8:]))
		}
	}
	return Upright
}

// exifSegment walks the markers of a JPEG up to its image data and returns the TIFF structure inside the APP1 segment.
func exifSegment(jpeg []byte) []byte {
	const startOfScan, app1 = 0xda, 0xe1
	for at := 2; at+4 <= len(jpeg) && jpeg[at] == 0xff && jpeg[at+1] != startOfScan; {
		size := int(binary.BigEndian.Uint16(jpeg[at+2:]))
		end := at + 2 + size
		if size < 2 || end > len(jpeg) {
			return nil
		}
		body := jpeg[at+4 : end]
		if jpeg[at+1] == app1 && len(body) > 6 && string(body[:6]) == "Exif\x00\x00" {
			return body[6:]
		}
		at = end
	}
	return nil
}

// orientationTurn undoes EXIF orientation 1…8.
func orientationTurn(orientation uint16) Turn {
	switch orientation {
	case 2:
		return Mirror
	case 3:
		return TurnHalf
	case 4:
		return Mirror | TurnHalf
	case 5:
		return Mirror | TurnLeft
	case 6:
		return TurnRight
	case 7:
		return Mirror | TurnRight
	case 8:
		return TurnLeft
	}
	return Upright
}
