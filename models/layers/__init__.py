"""What several parts are built of: attention of one query over tokens, sums over groups of rows."""
