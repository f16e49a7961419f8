"""What users fit: parameters, base, classifier and transformer; saved and loaded."""
