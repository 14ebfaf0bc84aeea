//! Bridge between Matrix and a chat platform that keeps its data in MongoDB.
