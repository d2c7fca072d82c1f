"""Files of RDF, in any format and however hostile, into statements: three lanes with one result."""
